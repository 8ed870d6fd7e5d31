// liar - goroutines that wait, and memory for tests to lie with: they write
// into it from outside.
//
// usage: liar COUNT [PROGRAM]
//
// Prints "ready", then the address of a megabyte of zeros and that of a page
// that never answers whoever reads it, 0 where userfaultfd(2) is refused.
// Becomes PROGRAM at SIGUSR1.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
	"unsafe"
)

const (
	sysUserfaultfd  = 323
	uffdioAPI       = 0xc018aa3f
	uffdioRegister  = 0xc020aa00
	uffdAPI         = 0xaa
	registerMissing = 1
	pageBytes       = 4096
	zeroBytes       = 1 << 20
	protection      = syscall.PROT_READ | syscall.PROT_WRITE
	mapping         = syscall.MAP_ANON | syscall.MAP_PRIVATE
)

func address(b []byte) uintptr { return uintptr(unsafe.Pointer(&b[0])) }

func silentPage() uintptr {
	fd, _, errno := syscall.Syscall(sysUserfaultfd, 0, 0, 0)
	if errno != 0 {
		return 0
	}
	api := [3]uint64{uffdAPI}
	_, _, errno = syscall.Syscall(syscall.SYS_IOCTL, fd, uffdioAPI,
		uintptr(unsafe.Pointer(&api)))
	if errno != 0 {
		return 0
	}
	page, err := syscall.Mmap(-1, 0, pageBytes, protection, mapping)
	if err != nil {
		return 0
	}
	register := [4]uint64{uint64(address(page)), pageBytes,
		registerMissing}
	_, _, errno = syscall.Syscall(syscall.SYS_IOCTL, fd, uffdioRegister,
		uintptr(unsafe.Pointer(&register)))
	if errno != 0 {
		return 0
	}
	return address(page)
}

func main() {
	count, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	zeros, err := syscall.Mmap(-1, 0, zeroBytes, protection, mapping)
	if err != nil {
		panic(err)
	}
	silent := silentPage()
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	never := make(chan int)
	for i := 0; i < count; i++ {
		go func() { <-never }()
	}
	time.Sleep(100 * time.Millisecond)
	fmt.Println("ready")
	fmt.Printf("%d %d\n", address(zeros), silent)
	<-asked
	panic(syscall.Exec(os.Args[2], os.Args[2:], os.Environ()))
}
