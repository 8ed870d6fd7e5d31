// Spec is progs/spec.c in Go: the same words, done by the language itself, so
// that test_spec.py's table is checked against what it quotes.
package main

import (
	"fmt"
	"os"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const short = 2 * time.Millisecond

var (
	chans [26][10]chan int
	lock  sync.Mutex
	m     sync.Mutex
	rw    sync.RWMutex
	cond  = sync.NewCond(&m)
	group sync.WaitGroup
	all   sync.WaitGroup
	once  sync.Once
)

func say(id int, word string, result any) {
	syscall.Write(1, []byte(fmt.Sprintf("%d %s %v\n", id, word, result)))
}

func received(value int, ok bool) string {
	if ok {
		return strconv.Itoa(value)
	}
	return strconv.Itoa(value) + " closed"
}

// channel returns the one that s begins with, and what is behind its name.
func channel(s string) (chan int, string) {
	if s[0] == 'n' {
		return nil, s[1:]
	}
	lock.Lock()
	defer lock.Unlock()
	c := &chans[s[0]-'a'][s[1]-'0']
	if *c == nil {
		*c = make(chan int, s[1]-'0')
	}
	return *c, s[2:]
}

func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

func try(id int, word string, c chan int, s string) {
	if s[0] == '<' {
		select {
		case c <- number(s[1:]):
			say(id, word, "sent")
		default:
			say(id, word, "would wait")
		}
		return
	}
	select {
	case v, ok := <-c:
		say(id, word, received(v, ok))
	default:
		say(id, word, "would wait")
	}
}

func onChannel(id int, word string) {
	c, s := channel(word)
	switch s[0] {
	case '?':
		try(id, word, c, s[1:])
	case '<':
		c <- number(s[1:])
		say(id, word, "sent")
	case '>':
		v, ok := <-c
		say(id, word, received(v, ok))
	case '#':
		say(id, word, fmt.Sprintf("%d/%d", len(c), cap(c)))
	default:
		close(c)
		say(id, word, "done")
	}
}

func onSelect(id int, word string) {
	var cases []reflect.SelectCase
	inside := strings.Trim(word, "[]")
	for _, s := range strings.Split(inside, ",") {
		if s == "" {
			continue
		}
		if s == "-" {
			cases = append(cases, reflect.SelectCase{Dir: reflect.SelectDefault})
			continue
		}
		c, rest := channel(s)
		one := reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(c)}
		if rest[0] == '<' {
			one.Dir = reflect.SelectSend
			one.Send = reflect.ValueOf(number(rest[1:]))
		}
		cases = append(cases, one)
	}
	taken, value, ok := reflect.Select(cases)
	switch cases[taken].Dir {
	case reflect.SelectDefault:
		say(id, word, "default")
	case reflect.SelectSend:
		say(id, word, taken)
	default:
		say(id, word, received(int(value.Int()), ok))
	}
}

func onLock(id int, word string) {
	switch word {
	case "m?":
		took := 0
		if m.TryLock() {
			took = 1
		}
		say(id, word, took)
		return
	case "m+":
		m.Lock()
	case "m-":
		m.Unlock()
	case "r+":
		rw.RLock()
	case "r-":
		rw.RUnlock()
	case "w+":
		rw.Lock()
	case "w-":
		rw.Unlock()
	case "g=":
		group.Wait()
	case "g-":
		group.Done()
	case "c=":
		cond.Wait()
	case "c1":
		cond.Signal()
	case "c*":
		cond.Broadcast()
	case "o":
		once.Do(func() {
			time.Sleep(3 * short)
			say(id, "o", "first")
		})
	default:
		group.Add(number(word[2:]))
	}
	say(id, word, "done")
}

func play(id int, text string) {
	for _, word := range strings.Fields(text) {
		switch {
		case word[0] == '[':
			onSelect(id, word)
		case word == "z":
			time.Sleep(short)
		case word == "/":
			runtime.Goexit()
		case word[0] == 'n' || word != "c1" && len(word) > 1 &&
			word[1] >= '0' && word[1] <= '9':
			onChannel(id, word)
		default:
			onLock(id, word)
		}
	}
	all.Done()
}

func main() {
	ends := false
	for i, text := range os.Args[1:] {
		if text == "main ends" {
			ends = true
			continue
		}
		all.Add(1)
		go play(i+1, text)
	}
	if ends {
		time.Sleep(short)
		return
	}
	all.Wait()
}
