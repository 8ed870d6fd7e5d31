// pluginhost - starts a goroutine in the plugin FILE, and waits.
//
// usage: pluginhost FILE
package main

import (
	"fmt"
	"os"
	"plugin"
	"time"
)

func main() {
	p, err := plugin.Open(os.Args[1])
	if err != nil {
		panic(err)
	}
	work, err := p.Lookup("Work")
	if err != nil {
		panic(err)
	}
	never := make(chan int)
	go work.(func(chan int))(never)
	time.Sleep(200 * time.Millisecond)
	fmt.Println("ready")
	<-never
}
