//! tokio-tungstenite's own example of an echo server, on one thread.

use futures_util::{StreamExt, TryStreamExt, future};
use tokio::net::{TcpListener, TcpStream};

async fn echo(socket: TcpStream) -> Result<(), tokio_tungstenite::tungstenite::Error> {
    let (write, read) = tokio_tungstenite::accept_async(socket).await?.split();
    let messages =
        read.try_filter(|message| future::ready(message.is_text() || message.is_binary()));
    messages.forward(write).await
}

fn main() -> std::io::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_io().build()?.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("listening on ws://{}/", listener.local_addr()?);
        loop {
            let (socket, _) = listener.accept().await?;
            socket.set_nodelay(true)?;
            tokio::spawn(echo(socket));
        }
    })
}
