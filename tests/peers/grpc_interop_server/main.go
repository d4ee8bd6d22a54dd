// gRPC's own service for interoperability tests, in Go, on loopback: its program listens on every
// address. Prints its port and serves until it is killed. With -cert and -key, over TLS.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/interop"
	"google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/orca"
)

func main() {
	cert := flag.String("cert", "", "a certificate's file")
	key := flag.String("key", "", "its key's file")
	flag.Parse()
	options := []grpc.ServerOption{orca.CallMetricsServerOption(nil)}
	if *cert != "" {
		shown, err := credentials.NewServerTLSFromFile(*cert, *key)
		if err != nil {
			log.Fatal(err)
		}
		options = append(options, grpc.Creds(shown))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer(options...)
	grpc_testing.RegisterTestServiceServer(server, interop.NewTestServer(
		interop.NewTestServerOptions{MetricsRecorder: orca.NewServerMetricsRecorder()}))
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(server.Serve(listener))
}
