// plugin - a goroutine's work, for pluginhost.
package main

// Work waits.
func Work(never chan int) { <-never }
