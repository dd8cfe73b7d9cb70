//! Connections that cost the server something: too many, too slow to send, too slow to read.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use skillgate_server::ConnectionLimits;
use skillgate_tests::app::{Client, Setup, TestApp};
use skillgate_tests::fake_anthropic::{Block, FakeAnthropic, Reply};
use skillgate_tests::process::{Launch, ServerProcess};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// How long the server has for what it must do within its own, much shorter, limits.
const PATIENCE: Duration = Duration::from_secs(30);

async fn with(connections: ConnectionLimits, script: Value) -> TestApp {
    let setup = Setup {
        connections,
        script,
        ..Setup::default()
    };
    TestApp::start(setup).await
}

fn nothing() -> Value {
    json!({ "turns": [] })
}

async fn connect(url: &str) -> TcpStream {
    connect_from(url, "127.0.0.1").await
}

async fn connect_from(url: &str, address: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket
        .bind(format!("{address}:0").parse().unwrap())
        .unwrap();
    let to = url.strip_prefix("http://").unwrap().parse().unwrap();
    socket.connect(to).await.unwrap()
}

/// All that comes until the server closes the connection, which it must do in time.
async fn all_of(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset ends it too: what came before is there.
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes))
        .await
        .expect("the server closes the connection");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Asks for the probe on an open connection, and gives the answer's status; 0 when it was closed.
async fn probe(stream: &mut TcpStream) -> u16 {
    let request = b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n";
    let _ = stream.write_all(request).await;
    let mut head = [0; 12];
    match stream.read_exact(&mut head).await {
        Ok(_) => std::str::from_utf8(&head[9..]).unwrap().parse().unwrap(),
        Err(_) => 0,
    }
}

#[tokio::test]
async fn a_body_that_trickles_is_cut() {
    let limits = ConnectionLimits {
        body_timeout: Duration::from_millis(100),
        ..ConnectionLimits::default()
    };
    let app = with(limits, nothing()).await;
    let admin = app.admin().await;
    let mut stream = connect(&app.url).await;
    let key = admin.key.unwrap();
    let head = format!(
        "POST /v1/agents HTTP/1.1\r\nhost: a\r\nx-api-key: {key}\r\ncontent-type: application/json\r\n\
         content-length: 20\r\n\r\n{{\"name\":"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = all_of(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(
        answer.contains("validation_error") && answer.contains("did not end within 0.1 s"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_stream_that_nobody_reads_is_cut() {
    let limits = ConnectionLimits {
        write_timeout: Duration::from_millis(200),
        ..ConnectionLimits::default()
    };
    // More than what the system keeps for it, in answers of a usual size.
    let long = "All work and no play. ".repeat(10_000);
    let turn = json!({ "parts": [
        { "type": "text", "text": long },
        { "type": "tool_call", "name": "no__such_tool", "arguments": {} },
    ] });
    let turns = vec![turn; 5];
    let app = with(limits, json!({ "turns": turns })).await;
    let admin = app.admin().await;
    let agent = admin.agent().await;

    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let to = app.url.strip_prefix("http://").unwrap().parse().unwrap();
    let mut stream = socket.connect(to).await.unwrap();
    let (key, body) = (admin.key.clone().unwrap(), r#"{"message":"go on"}"#);
    let request = format!(
        "POST /v1/agents/{agent}/chat/messages HTTP/1.1\r\nhost: a\r\nx-api-key: {key}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    // We read nothing. The end of the connection comes as an error, whatever lies unread.
    tokio::time::timeout(PATIENCE, stream.ready(Interest::ERROR))
        .await
        .expect("the server cuts the connection")
        .unwrap();
    let answer = all_of(&mut stream).await;
    assert!(answer.len() < 5 * long.len(), "{} bytes came", answer.len());
}

#[tokio::test]
async fn connections_are_counted_for_each_address_and_in_all() {
    let limits = ConnectionLimits {
        connections: 4,
        per_address: 3,
        ..ConnectionLimits::default()
    };
    let app = with(limits, nothing()).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut stream = connect_from(&app.url, "127.0.0.2").await;
        assert_eq!(probe(&mut stream).await, 200);
        held.push(stream);
    }
    let refused = all_of(&mut connect_from(&app.url, "127.0.0.2").await).await;
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    let body = refused.split("\r\n\r\n").nth(1).unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["error"]["code"], "unavailable");
    let message = body["error"]["message"].as_str().unwrap();
    assert!(message.contains("your address"), "{message}");

    let mut fourth = connect_from(&app.url, "127.0.0.3").await;
    assert_eq!(probe(&mut fourth).await, 200);
    let refused = all_of(&mut connect_from(&app.url, "127.0.0.4").await).await;
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");

    drop(held);
    let again = async {
        while probe(&mut connect_from(&app.url, "127.0.0.4").await).await != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, again)
        .await
        .expect("a place is free again");
}

#[tokio::test]
async fn heads_without_an_end_take_little_memory() {
    let server = ServerProcess::start(Launch::default());
    server.client().get("/healthz").await;
    let before = server.peak_memory();
    let half = "GET /healthz HTTP/1.1\r\nhost: a\r\nx-long: ".to_owned() + &"a".repeat(380 << 10);
    let streams = (0..300).map(|_| async {
        let mut stream = connect(&server.url).await;
        let _ = stream.write_all(half.as_bytes()).await;
        all_of(&mut stream).await
    });
    let answers = join_all(streams).await;
    let refused = |answer: &&String| answer.is_empty() || answer.starts_with("HTTP/1.1 431 ");
    assert_eq!(answers.iter().filter(refused).count(), 300);
    let taken = server.peak_memory() - before;
    assert!(taken < 40 << 20, "{taken} bytes");
}

#[tokio::test]
async fn the_limit_of_descriptors_is_raised() {
    let server = ServerProcess::start(Launch {
        before: "ulimit -Sn 300; ulimit -Hn 4096",
        ..Launch::default()
    });
    assert_eq!(
        server.descriptor_limits(),
        ("4096".to_owned(), "4096".to_owned())
    );
}

#[tokio::test]
async fn more_connections_than_descriptors_leave_room_for_the_work() {
    let server = ServerProcess::start(Launch {
        before: "ulimit -n 160",
        arguments: vec!["--llm-provider", "demo"],
        ..Launch::default()
    });
    let client = server.client();
    let agent = client.agent().await;
    let crowd = join_all((0..300).map(|_| connect(&server.url))).await;
    assert!(server.descriptors() < 160, "{}", server.descriptors());
    // From the crowd's own address there is no place; the one who was connected before is served, database and all.
    let mut events = client.chat(&agent, "hi").await;
    let mut last = Value::Null;
    while let Some(event) = events.next().await {
        last = event.json();
    }
    assert_eq!(last["type"], "done", "{last}");
    drop(crowd);
}

#[tokio::test]
async fn a_provider_is_asked_without_the_environments_proxy() {
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let through = format!("http://{}", proxy.local_addr().unwrap());
    let peer = FakeAnthropic::start([Reply::Answer(vec![Block::text("Hello.")])]).await;
    let mut environment = vec![
        ("ANTHROPIC_BASE_URL", peer.base_url().to_owned()),
        ("ANTHROPIC_API_KEY", "sk-ant-test-0123456789".to_owned()),
        ("NO_PROXY", String::new()),
        ("no_proxy", String::new()),
    ];
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        environment.push((name, through.clone()));
    }
    let server = ServerProcess::start(Launch {
        environment,
        arguments: vec!["--llm-provider", "anthropic"],
        ..Launch::default()
    });
    let client: Client = server.client();
    let agent = client.agent().await;
    let asked = async {
        let mut events = client.chat(&agent, "hi").await;
        while events.next().await.is_some() {}
    };
    tokio::select! {
        _ = proxy.accept() => panic!("the key went to the proxy"),
        () = asked => {}
    }
    assert_eq!(peer.asked().len(), 1);
}
