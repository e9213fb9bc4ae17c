package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
)

type reading struct {
	Status int    `json:"status"`
	Body   []byte `json:"body"`
}

func ask(transport *http.Transport, target string) *reading {
	request, err := http.NewRequest("GET", target, nil)
	if err != nil {
		panic(err)
	}
	request.Header.Set("Proxy-Authorization", os.Args[3])
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return nil
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil
	}
	return &reading{answer.StatusCode, body}
}

func main() {
	proxy, _ := url.Parse("http://127.0.0.1:" + os.Args[1])
	count, _ := strconv.Atoi(os.Args[2])
	for number := 0; number < count; number++ {
		transport := &http.Transport{Proxy: http.ProxyURL(proxy), DisableCompression: true, MaxConnsPerHost: 1}
		target := fmt.Sprintf("http://plain.test/%d", number)
		readings, _ := json.Marshal([]*reading{ask(transport, target), ask(transport, target+"/next")})
		transport.CloseIdleConnections()
		fmt.Println(string(readings))
	}
}
