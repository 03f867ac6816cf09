//! How a function reaches DynamoDB: with what Lambda puts into the environment, and with bounds.
//!
//! `aws-config`'s default would do it, too, but it looks for credentials in files and instances as
//! well, and links a client for each; on Lambda they are in the environment, or at the address that
//! stands there. And the SDK's own HTTP client reads all the roots that the machine trusts, 140 and
//! more, at each start, where AWS's own services need five.

use std::time::Duration;

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Builder, HttpClient, IntoShared as _, Region, SharedCredentialsProvider,
    SharedHttpClient,
};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};

use super::checksum::AnswerChecksum;
use super::spend::Spending;
use crate::config::{Aws, RoleCredentials};

/// The roots of Amazon Trust Services, one of which vouches for every AWS endpoint, as published on
/// <https://www.amazontrust.com/repository/>. The first of them ends in 2037.
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon-roots.pem");

/// A client of DynamoDB, over TLS.
pub(super) fn open(aws: Aws) -> Client {
    let roots = if aws.roots_are_named {
        TrustStore::empty().with_native_roots(true)
    } else {
        TrustStore::empty().with_pem_certificate(AMAZON_ROOTS)
    };
    let tls = TlsContext::builder().with_trust_store(roots).build();
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .tls_context(tls.expect("it is built in"))
        .build_https();
    through(http, aws)
}

/// A client of DynamoDB that sends its requests through this HTTP client.
///
/// The SDK's own defaults wait for ever and retry after a second; a partner's server waits for a
/// final answer, so both are bounded here: an attempt, then an operation with 3 tries.
pub(super) fn through(http: impl HttpClient + 'static, aws: Aws) -> Client {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_millis(500))
        .operation_attempt_timeout(Duration::from_millis(300))
        .operation_timeout(Duration::from_millis(1_000))
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(25))
        .with_max_backoff(Duration::from_millis(200));
    let http: SharedHttpClient = http.into_shared();
    let credentials = match aws.credentials {
        RoleCredentials::Fixed(credentials) => SharedCredentialsProvider::new(credentials),
        RoleCredentials::Renewed => {
            let asking = ProviderConfig::without_region().with_http_client(http.clone());
            let asking = EcsCredentialsProvider::builder().configure(&asking).build();
            SharedCredentialsProvider::new(asking)
        }
    };
    let mut config = Builder::new()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(aws.region))
        .credentials_provider(credentials)
        .http_client(http)
        .interceptor(AnswerChecksum)
        .interceptor(Spending)
        .timeout_config(timeouts)
        .retry_config(retries);
    config.set_endpoint_url(aws.endpoint);
    Client::from_conf(config.build())
}
