package main

import "strings"

// addresses says where hosts are: "ADDRESS,HOST=ADDRESS,…", the first one of all that are not named.
type addresses struct {
	others string
	named  map[string]string
}

func parseAddresses(text string) addresses {
	parts := strings.Split(text, ",")
	named := map[string]string{}
	for _, part := range parts[1:] {
		host, address, _ := strings.Cut(part, "=")
		named[host] = address
	}
	return addresses{parts[0], named}
}

func (a addresses) of(host string) string {
	if address, ok := a.named[host]; ok {
		return address
	}
	return a.others
}
