//! The names that AWS would give: where things are, who owns them, what they are called.

use std::net::{Ipv4Addr, SocketAddrV4};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

/// The region. Any would do; AWS's DynamoDB Local keeps each region's tables apart.
pub const REGION: &str = "us-east-1";
/// The access key id, and the secret. AWS's DynamoDB Local keeps each one's tables apart, too.
pub const ACCESS_KEY: &str = "local";
/// The account.
pub(crate) const ACCOUNT: &str = "123456789012";
/// The REST API's id.
pub(crate) const API_ID: &str = "local";
/// The table's name, and the stack's.
pub const TABLE: &str = "ticketboss";
/// Loopback only: whoever else is on the network has no business here.
pub(crate) const LOOPBACK_ANY_PORT: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0);

/// A client of the DynamoDB at this address, which is not AWS's own.
///
/// The SDK's own HTTP client would ask the proxy that a company's environment names, even for
/// what is on this machine; this one asks nobody.
pub fn dynamodb_at(endpoint: &str) -> Client {
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build_https();
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::from_static(REGION))
        .credentials_provider(Credentials::new(ACCESS_KEY, ACCESS_KEY, None, None, "local"))
        .http_client(http)
        .endpoint_url(endpoint);
    Client::from_conf(config.build())
}

/// The settings that make the AWS SDK of a function talk to the DynamoDB at this address.
pub(crate) fn environment(endpoint: &str) -> Vec<(String, String)> {
    [
        ("AWS_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
        ("AWS_SECRET_ACCESS_KEY", ACCESS_KEY),
        ("AWS_ENDPOINT_URL_DYNAMODB", endpoint),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

/// Names a function.
pub(crate) fn function_arn(function: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}")
}

/// Names a call of the API: what the authorizer's policy allows or denies.
pub(crate) fn method_arn(stage: &str, method: &str, path: &str) -> String {
    format!("arn:aws:execute-api:{REGION}:{ACCOUNT}:{API_ID}/{stage}/{method}{path}")
}
