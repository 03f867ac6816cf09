//! DynamoDB as a function meets it on Lambda: over TLS, under a certificate that one of several
//! roots vouches for. The embedded database, behind what ends TLS.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// Amazon's, which a function trusts on Lambda.
const AMAZON_ROOTS: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/shared/src/dynamo/amazon-roots.pem"));
/// Where Debian, Alpine and Amazon Linux keep the roots that the machine trusts.
const MACHINE_ROOTS: [&str; 2] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];

/// An endpoint. It answers until the benchmark ends.
#[derive(Debug)]
pub(crate) struct Tls {
    pub(crate) endpoint: String,
    /// Our root and those that a function would have otherwise, as `SSL_CERT_FILE` takes them: so
    /// it has as much to read as on Lambda.
    pub(crate) roots: PathBuf,
    pub(crate) roots_count: usize,
}

impl Tls {
    /// An endpoint before the DynamoDB at this one. Its root stands among Amazon's, or among all
    /// that this machine trusts.
    pub(crate) fn before(endpoint: &str, among_all: bool, folder: &Path) -> Self {
        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .expect("they belong together");

        let all = || MACHINE_ROOTS.iter().find_map(|file| fs::read_to_string(file).ok());
        let others = if among_all { all().unwrap_or_default() } else { AMAZON_ROOTS.to_owned() };
        let roots = format!("{others}\n{}", cert.pem());
        let file = folder.join("cold-start-roots.pem");
        fs::write(&file, &roots).expect("the folder can be written to");

        let upstream = endpoint.trim_start_matches("http://").parse().expect("an address");
        let (sender, address) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
                let listener = listener.expect("a free port");
                sender.send(listener.local_addr().expect("it is bound")).expect("it is awaited");
                serve(listener, TlsAcceptor::from(Arc::new(config)), upstream).await;
            });
        });
        let address = address.recv().expect("it listens");
        Self {
            endpoint: format!("https://localhost:{}", address.port()),
            roots: file,
            roots_count: roots.matches("BEGIN CERTIFICATE").count(),
        }
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, upstream: SocketAddr) {
    loop {
        let (outer, _) = listener.accept().await.expect("a connection");
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            outer.set_nodelay(true)?;
            let mut outer = acceptor.accept(outer).await?;
            let mut inner = TcpStream::connect(upstream).await?;
            inner.set_nodelay(true)?;
            copy_bidirectional(&mut outer, &mut inner).await
        });
    }
}
