package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"net/url"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

// load is the client of one measurement; the result is one line of JSON.
//
//	small   requests on kept connections        body    downloads of -size bytes
//	upload  bodies of -size bytes               cold    a new connection for each request
//	hold    connections kept open until stdin ends, used before and after
//	http2   requests on one connection, -c streams at a time      grpc    unary calls, alike
func load(args []string) error {
	flags := flag.NewFlagSet("load", flag.ExitOnError)
	mode := flags.String("mode", "small", "see above")
	proxy := flags.String("proxy", "", "URL of the proxy")
	direct := flags.String("direct", "", "addresses of the servers, without a proxy")
	host := flags.String("host", "", "the server's name; %d: another one for each connection")
	first := flags.Int("first", 0, "cold: number of the first host")
	roots := flags.String("roots", "", "PEM file")
	credential := flags.String("credential", "", "value of Authorization")
	count := flags.Int("c", 1, "connections")
	requests := flags.Int("n", 1<<30, "cold, body and upload: at most so many requests")
	duration := flags.Duration("d", time.Second, "time")
	warmUp := flags.Duration("warm", 200*time.Millisecond, "time before that is not counted")
	size := flags.Int64("size", 10<<20, "bytes of a body")
	resume := flags.Bool("resume", false, "cold: resume TLS sessions")
	flags.Parse(args)
	pool := x509.NewCertPool()
	for _, file := range strings.Split(*roots, ",") {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		pool.AppendCertsFromPEM(text)
	}
	r := &route{direct: parseAddresses(*direct), roots: pool, protocol: "http/1.1"}
	if *proxy != "" {
		address, err := url.Parse(*proxy)
		if err != nil {
			return err
		}
		r.proxy = address
	}
	if *resume {
		r.tlsTicket = tls.NewLRUClientSessionCache(64)
	}
	w := &work{*host, *credential, *count, *requests, *duration, *warmUp, *size, *first}
	var result map[string]any
	var err error
	switch *mode {
	case "small", "body", "upload":
		result, err = w.keepAlive(r, *mode)
	case "cold":
		result, err = w.cold(r)
	case "hold":
		result, err = w.hold(r)
	case "http2", "grpc":
		r.protocol = "h2"
		result, err = w.streams(r, *mode == "grpc")
	default:
		return fmt.Errorf("no mode %q", *mode)
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}

type work struct {
	host       string
	credential string
	count      int
	requests   int
	duration   time.Duration
	warmUp     time.Duration
	size       int64
	first      int
}

// parallel calls each(i) in goroutines; the first error.
func parallel(count int, each func(int) error) error {
	var group sync.WaitGroup
	errs := make([]error, count)
	for i := range errs {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			errs[i] = each(i)
		}(i)
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// closedLoop repeats ask on count workers until the time is over; ask gives the bytes it moved.
func (w *work) closedLoop(ask func(worker int) (int64, error)) (map[string]any, error) {
	waits := make([][]float64, w.count)
	moved := make([]int64, w.count)
	asked := make([]int, w.count)
	begin := time.Now().Add(w.warmUp)
	end := begin.Add(w.duration)
	err := parallel(w.count, func(i int) error {
		for n := 0; n < w.requests; n++ {
			start := time.Now()
			if start.After(end) {
				return nil
			}
			bytes, err := ask(i)
			if err != nil {
				return err
			}
			asked[i]++
			if answered := time.Now(); start.After(begin) {
				waits[i] = append(waits[i], answered.Sub(start).Seconds()*1000)
				moved[i] += bytes
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	seconds := time.Since(begin).Seconds()
	all, bytes, total := []float64{}, int64(0), 0
	for i := range waits {
		all = append(all, waits[i]...)
		bytes += moved[i]
		total += asked[i]
	}
	result := quantiles(all)
	result["asked"] = total
	result["rate"] = float64(len(all)) / seconds
	result["megabytes"] = float64(bytes) / 1e6 / seconds
	return result, nil
}

func quantiles(all []float64) map[string]any {
	sort.Float64s(all)
	at := func(part float64) float64 {
		if len(all) == 0 {
			return 0
		}
		return all[int(part*float64(len(all)-1))]
	}
	return map[string]any{"count": len(all), "p50": at(0.5), "p99": at(0.99)}
}

func (w *work) keepAlive(r *route, mode string) (map[string]any, error) {
	clients := make([]*client, w.count)
	if err := parallel(w.count, func(i int) (err error) {
		clients[i], err = newClient(r, w.host)
		return err
	}); err != nil {
		return nil, err
	}
	get := request("GET", "/small", w.host, w.credential, -1)
	body := request("GET", fmt.Sprintf("/bytes/%d", w.size), w.host, w.credential, -1)
	put := request("POST", "/sink", w.host, w.credential, w.size)
	return w.closedLoop(func(i int) (int64, error) {
		switch mode {
		case "body":
			return clients[i].get(body)
		case "upload":
			return clients[i].put(put, w.size)
		default:
			return clients[i].get(get)
		}
	})
}

func (w *work) cold(r *route) (map[string]any, error) {
	waits := []float64{}
	end := time.Now().Add(w.warmUp + w.duration)
	for n := 0; n < w.requests && time.Now().Before(end); n++ {
		host := strings.ReplaceAll(w.host, "%d", strconv.Itoa(w.first+n))
		head := request("GET", "/small", host, w.credential, -1)
		begun := time.Now()
		c, err := newClient(r, host)
		if err != nil {
			return nil, err
		}
		if _, err := c.get(head); err != nil {
			return nil, err
		}
		wait := time.Since(begun)
		if r.tlsTicket != nil && n > 0 && !c.conn.ConnectionState().DidResume {
			return nil, fmt.Errorf("the TLS session was not resumed")
		}
		c.conn.Close()
		// The first one finds nothing to resume.
		if r.tlsTicket == nil || n > 0 {
			waits = append(waits, wait.Seconds()*1000)
		}
	}
	result := quantiles(waits)
	result["asked"] = len(waits)
	return result, nil
}

const openAtOnce = 32

func (w *work) hold(r *route) (map[string]any, error) {
	clients := make([]*client, w.count)
	head := request("GET", "/small", w.host, w.credential, -1)
	places := make(chan struct{}, openAtOnce)
	use := func(i int) error {
		_, err := clients[i].get(head)
		return err
	}
	if err := parallel(w.count, func(i int) (err error) {
		places <- struct{}{}
		defer func() { <-places }()
		if clients[i], err = newClient(r, w.host); err != nil {
			return err
		}
		return use(i)
	}); err != nil {
		return nil, err
	}
	fmt.Println("open")
	bufio.NewReader(os.Stdin).ReadString('\n')
	return map[string]any{"count": w.count}, parallel(w.count, use)
}
