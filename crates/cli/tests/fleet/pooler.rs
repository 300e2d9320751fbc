//! A pooler that gives each transaction another session, as PgBouncer does with `pool_mode = transaction`: one session of the
//! server for all clients, and only the protocol's own words. The real one was tried by hand, with the same answer.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::scene::{LOGIN, Scene};

/// What a client sends first when it asks for TLS.
const SSL_REQUEST: i32 = 80_877_103;

/// The one session, and what the server said when it began.
struct Backend {
    stream: TcpStream,
    greeting: Vec<u8>,
}

fn word(stream: &mut TcpStream) -> io::Result<i32> {
    let mut bytes = [0; 4];
    stream.read_exact(&mut bytes)?;
    Ok(i32::from_be_bytes(bytes))
}

/// A message's body, which is as long as the word before it says, itself counted.
fn body(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let length = usize::try_from(word(stream)?).map_err(io::Error::other)?;
    let mut bytes = vec![0; length - 4];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// A whole message: its type, and all of its bytes.
fn message(stream: &mut TcpStream) -> io::Result<(u8, Vec<u8>)> {
    let mut kind = [0];
    stream.read_exact(&mut kind)?;
    let body = body(stream)?;
    let length = u32::try_from(body.len() + 4).map_err(io::Error::other)?;
    Ok((kind[0], [&kind[..], &length.to_be_bytes(), &body].concat()))
}

impl Backend {
    fn connect(port: u16, database: &str) -> io::Result<Self> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        let parameters = format!("user\0{LOGIN}\0database\0{database}\0\0");
        let length = u32::try_from(parameters.len() + 8).map_err(io::Error::other)?;
        stream.write_all(
            &[&length.to_be_bytes()[..], &196_608_u32.to_be_bytes(), parameters.as_bytes()].concat(),
        )?;
        let mut greeting = Vec::new();
        loop {
            let (kind, bytes) = message(&mut stream)?;
            greeting.extend(bytes);
            if kind == b'Z' {
                return Ok(Self { stream, greeting });
            }
        }
    }

    /// Passes answers on until the server is ready for the next query. Whether a transaction is open then.
    fn answer(&mut self, client: &mut TcpStream) -> io::Result<bool> {
        loop {
            let (kind, bytes) = message(&mut self.stream)?;
            client.write_all(&bytes)?;
            if kind == b'Z' {
                return Ok(bytes.last() != Some(&b'I'));
            }
        }
    }
}

/// One client: it has the session from a transaction's first message to its end.
fn serve(mut client: TcpStream, backend: &Mutex<Backend>) -> io::Result<()> {
    loop {
        let first = body(&mut client)?;
        if first.get(..4) != Some(&SSL_REQUEST.to_be_bytes()[..]) {
            break;
        }
        client.write_all(b"N")?;
    }
    client.write_all(&backend.lock().unwrap().greeting.clone())?;
    loop {
        let mut next = message(&mut client)?;
        let mut backend = backend.lock().unwrap();
        loop {
            if next.0 == b'X' {
                return Ok(());
            }
            backend.stream.write_all(&next.1)?;
            let answered = matches!(next.0, b'Q' | b'S');
            if answered && !backend.answer(&mut client)? {
                break;
            }
            next = message(&mut client)?;
        }
    }
}

/// Begins to serve a scene's first database; the port.
fn pooler(scene: &Scene) -> u16 {
    let backend = Backend::connect(scene.cluster().port(), &scene.databases[0]).unwrap();
    let backend = Arc::new(Mutex::new(backend));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let backend = Arc::clone(&backend);
            // A client that goes away is no matter.
            thread::spawn(move || serve(client, &backend).is_ok());
        }
    });
    port
}

#[test]
fn it_is_refused_with_what_to_name_instead() {
    let scene = Scene::with(1);
    scene.set(&[&Scene::names(0, &["acme"])], "");
    let port = pooler(&scene);
    scene.login(0, &format!("postgres://{LOGIN}@127.0.0.1:{port}/{}", scene.databases[0]));
    for verb in ["check", "plan", "apply"] {
        let ran = scene.fleet(verb, &[]);
        let all = format!("{}{}", ran.out, ran.err);
        assert!(matches!(ran.code, Some(1 | 2)), "{verb}: {all}");
        assert!(all.contains("it is a pooler that gives each transaction another session"), "{verb}: {all}");
        assert!(all.contains("pool_mode = session"), "{verb}: {all}");
    }
    assert_eq!(scene.psql(0, "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'tenant%'"), "0");
}
