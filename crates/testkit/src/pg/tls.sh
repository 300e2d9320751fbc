# Makes an authority and a server's certificate signed by it, in the current directory.
key='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
umask 077
printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=critical,CA:FALSE\n' >server.ext
openssl req -x509 $key -days 2 -subj '/CN=Tenantry test authority' -keyout ca.key -out ca.crt
openssl req $key -subj /CN=localhost -keyout server.key -out server.csr
openssl x509 -req -days 2 -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -extfile server.ext -out server.crt
