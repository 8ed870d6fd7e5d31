// The echo server of echo.py in Go: prints its address, serves until stdin
// ends.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
)

func serve(c net.Conn) {
	buf := make([]byte, 512)
	for {
		n, err := c.Read(buf)
		if err != nil {
			break
		}
		if _, err = c.Write(buf[:n]); err != nil {
			break
		}
	}
	c.Close()
}

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr())
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serve(c)
		}
	}()
	io.Copy(io.Discard, os.Stdin)
}
