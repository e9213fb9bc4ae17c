package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
)

func encode(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func main() {
	var lock sync.Mutex
	targets := []string{}
	read := func(answer http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		lock.Lock()
		defer lock.Unlock()
		if request.RequestURI == "/targets" {
			json.NewEncoder(answer).Encode(targets)
			return
		}
		targets = append(targets, encode(request.RequestURI))
		fields := []string{encode("Host:" + request.Host)}
		for name, values := range request.Header {
			for _, value := range values {
				fields = append(fields, encode(name+":"+value))
			}
		}
		reading, _ := json.Marshal(map[string]any{
			"method": encode(request.Method),
			"target": encode(request.RequestURI),
			"fields": fields,
			"body":   encode(string(body)),
		})
		answer.Header().Set("X-Reading", encode(string(reading)))
		answer.Header().Set("Content-Length", "0")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	server := &http.Server{Handler: http.HandlerFunc(read), ErrorLog: log.New(io.Discard, "", 0)}
	log.Fatal(server.Serve(listener))
}
