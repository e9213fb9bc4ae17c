// The other side of `deno task bench_proxy`, in Go: the server that is asked, the client that asks,
// and a plain net/http intercepting proxy to compare with. Standard library only.
package main

import (
	"fmt"
	"os"
)

func main() {
	commands := map[string]func([]string) error{
		"origin": origin,
		"proxy":  intercept,
		"load":   load,
		"leaf":   writeLeaf,
	}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: bench origin|proxy|load|leaf [flags]")
		os.Exit(2)
	}
	if err := commands[os.Args[1]](os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
