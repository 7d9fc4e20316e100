//! A key-value service on `tokio`: all connections share one map.
//!
//! ```text
//! cargo run --release --example service                     # tests itself with some clients
//! cargo run --release --example service -- 127.0.0.1:7878   # serves until it is stopped; try it with nc
//! ```
//!
//! A request is a line: `GET key`, `SET key value`, `DEL key`, `INCR key`, `KEYS`. What to look at:
//!
//! - [`converse`]: tasks change threads at every `await`, and a view of the map belongs to its thread. So a view is made and
//!   dropped between two of them, which costs a few nanoseconds; the compiler refuses to spawn anything else.
//! - [`send_large`]: where a copy is too dear, a view that is owned by the task is held while the client takes its time, but
//!   not for ever: what is removed meanwhile, from whatever map, stays in memory.
//! - [`store`]: the requests. `KEYS`, which can be long, goes on after each `await` from a plain number.

mod store;

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::task::JoinSet;

use crate::store::{LARGE, Progress, Store};

/// The longest line that is read.
const MAX_LINE: u64 = 64 << 10;

/// How long a client may take to receive a large value.
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> io::Result<()> {
    let address = std::env::args().nth(1);
    tokio::runtime::Runtime::new()?.block_on(async {
        match address {
            Some(address) => {
                let listener = TcpListener::bind(address).await?;
                println!("listening on {}", listener.local_addr()?);
                serve(listener).await
            }
            None => test_itself().await,
        }
    })
}

/// Serves all who connect.
async fn serve(listener: TcpListener) -> io::Result<()> {
    let store = Arc::new(Store::default());
    loop {
        let (stream, peer) = listener.accept().await?;
        let store = store.clone();
        tokio::spawn(async move {
            if let Err(error) = converse(stream, &store).await {
                eprintln!("{peer}: {error}");
            }
        });
    }
}

/// Answers the requests of one client until it hangs up.
async fn converse(stream: TcpStream, store: &Store) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let (mut line, mut reply) = (String::new(), String::new());
    while read_line(&mut stream, &mut line).await? {
        let mut progress = store.answer(&line, &mut reply);
        loop {
            stream.write_all(reply.as_bytes()).await?;
            reply.clear();
            match progress {
                Progress::Done => break,
                Progress::LargeValue => {
                    send_large(&mut stream, store, line.trim_start_matches("GET ")).await?;
                    break;
                }
                Progress::MoreKeys(cursor) => progress = store.keys(cursor, &mut reply),
            }
        }
    }
    Ok(())
}

/// Sends what `GET` asked for without copying it.
async fn send_large(stream: &mut (impl AsyncWrite + Unpin), store: &Store, key: &str) -> io::Result<()> {
    let values = store.lasting_view();
    let send = async {
        match values.get(key) {
            Some(value) => {
                stream.write_all(b"VALUE ").await?;
                stream.write_all(value.as_bytes()).await?; // still there, even if it is deleted meanwhile
                stream.write_all(b"\n").await
            }
            None => stream.write_all(b"NONE\n").await,
        }
    };
    tokio::time::timeout(PATIENCE, send).await?
}

/// Reads a line without its end. False if there is none.
async fn read_line(stream: &mut (impl AsyncBufRead + Unpin), line: &mut String) -> io::Result<bool> {
    line.clear();
    stream.take(MAX_LINE).read_line(line).await?;
    if line.is_empty() {
        return Ok(false);
    }
    if line.pop() != Some('\n') {
        return Err(io::Error::new(ErrorKind::InvalidData, "a line that is too long, or cut off"));
    }
    Ok(true)
}

/// A connection to the service, seen from the other side.
struct Client(BufReader<TcpStream>);

impl Client {
    async fn connect(address: impl ToSocketAddrs) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    async fn ask(&mut self, request: &str) -> io::Result<String> {
        self.0.write_all(format!("{request}\n").as_bytes()).await?;
        self.line().await
    }

    async fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        read_line(&mut self.0, &mut line).await?;
        Ok(line)
    }
}

const CLIENTS: usize = 8;
const REQUESTS: usize = 1000;

async fn test_itself() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(serve(listener));

    let mut clients = JoinSet::new();
    for id in 0..CLIENTS {
        clients.spawn(async move {
            let mut client = Client::connect(address).await?;
            for i in 0..REQUESTS {
                client.ask("INCR total").await?;
                let key = format!("{id}/{i}");
                assert_eq!(client.ask(&format!("SET {key} {i}")).await?, "OK");
                assert_eq!(client.ask(&format!("GET {key}")).await?, format!("VALUE {i}"));
                if i % 2 == 1 {
                    assert_eq!(client.ask(&format!("DEL {key}")).await?, "OK");
                }
            }
            io::Result::Ok(())
        });
    }
    while let Some(client) = clients.join_next().await {
        client??;
    }

    let mut client = Client::connect(address).await?;
    let text = "x".repeat(LARGE);
    assert_eq!(client.ask(&format!("SET text {text}")).await?, "OK");
    assert_eq!(client.ask("GET text").await?, format!("VALUE {text}"));
    assert_eq!(client.ask("DEL text").await?, "OK");

    let total = client.ask("GET total").await?;
    assert_eq!(total, format!("VALUE {}", CLIENTS * REQUESTS), "no increment is lost");
    let mut keys = 0;
    let mut line = client.ask("KEYS").await?;
    while line != "END" {
        assert!(line.starts_with("KEY "), "{line}");
        keys += 1;
        line = client.line().await?;
    }
    assert_eq!(keys, CLIENTS * REQUESTS / 2 + 1, "half of them were deleted, and there is the total");
    println!("{CLIENTS} clients: {} requests answered; total: {total}; {keys} keys", CLIENTS * REQUESTS * 7 / 2);
    server.abort();
    Ok(())
}
