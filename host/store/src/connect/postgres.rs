//! How a connection to PostgreSQL is protected.

use std::io::ErrorKind;
use std::net::IpAddr;

use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::StoreError;

/// The environment variable of PostgreSQL's own programs that says what `sslmode` says in a URL.
const SSL_MODE_VARIABLE: &str = "PGSSLMODE";

/// What to do when a connection that was not asked to be encrypted could not be.
const REMEDY: &str = "connections to PostgreSQL on another machine are encrypted, and its certificate is checked, unless the \
    database URL says otherwise. Give the server a certificate for its name; or add `sslrootcert=<file>` with the \
    authority that signed it; or add `sslmode=require` to accept any certificate, or `sslmode=disable` where nobody can \
    get between";

/// Who decided how a connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encryption {
    /// The operator, or it does not leave the machine.
    AsTold,
    /// This module, for want of a word from the operator.
    ByDefault,
}

/// Reads a `postgres://` URL.
///
/// The driver's default, `prefer`, goes on in plain text when the server, or somebody who answers in its place, says that
/// it has no encryption. So without `sslmode`, a server that is not on this machine must present a certificate that
/// verifies for its name (`verify-full`): `require` would still take anybody's, and whoever can refuse encryption can
/// also offer their own.
///
/// # Errors
/// The text is no such URL. The parser's own message is left out: it may quote the URL, which may hold a password.
pub(super) fn options(url: &str) -> Result<(PgConnectOptions, Encryption), StoreError> {
    let options: PgConnectOptions = url
        .parse()
        .map_err(|_| StoreError::Invalid("the database URL is no PostgreSQL URL".into()))?;
    let told = says_mode(url) || std::env::var_os(SSL_MODE_VARIABLE).is_some();
    if told || stays_here(&options) {
        return Ok((options, Encryption::AsTold));
    }
    let options = options.ssl_mode(PgSslMode::VerifyFull);
    Ok((options, Encryption::ByDefault))
}

/// Whether the URL's query says how to encrypt, in either spelling that the driver reads.
fn says_mode(url: &str) -> bool {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let query = query.split('#').next().unwrap_or_default();
    query.split('&').any(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        matches!(name, "sslmode" | "ssl-mode")
    })
}

/// Whether the connection goes through a socket of this machine, or to its loopback interface.
fn stays_here(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = |address: IpAddr| address.to_canonical().is_loopback();
    options.get_socket().is_some()
        || host.starts_with('/')
        || host == "localhost"
        || bare.parse().is_ok_and(is_loopback)
}

impl Encryption {
    /// The error of a first connection, with what to do when it may come from the default above.
    pub(super) fn explain(self, error: sqlx::Error) -> StoreError {
        // The driver passes a certificate that does not verify on as a failed read.
        let is_about_encryption = match &error {
            sqlx::Error::Tls(_) => true,
            sqlx::Error::Io(error) => error.kind() == ErrorKind::InvalidData,
            _ => false,
        };
        if self == Self::ByDefault && is_about_encryption {
            return StoreError::Invalid(format!("{error}: {REMEDY}"));
        }
        error.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> (PgSslMode, Encryption) {
        let (options, encryption) = options(url).unwrap();
        (options.get_ssl_mode(), encryption)
    }

    #[test]
    fn a_server_on_another_machine_must_prove_who_it_is() {
        for host in [
            "db.example.com",
            "db",
            "10.1.2.3",
            "[2001:db8::1]",
            "localhost.example.com",
            "db.example.com:5433",
        ] {
            let url = format!("postgres://user:password@{host}/skillgate");
            let got = mode(&url);
            assert!(matches!(got.0, PgSslMode::VerifyFull), "{host}: {got:?}");
            assert_eq!(got.1, Encryption::ByDefault);
        }
        let got = mode("postgres://localhost/skillgate?host=db.example.com");
        assert!(matches!(got.0, PgSslMode::VerifyFull), "{got:?}");
        let got = mode("postgres://localhost/skillgate?hostaddr=10.1.2.3");
        assert!(matches!(got.0, PgSslMode::VerifyFull), "{got:?}");
        // Only a parameter of that name says it.
        let got = mode("postgres://db/sslmode=disable?application_name=sslmode=disable");
        assert!(matches!(got.0, PgSslMode::VerifyFull), "{got:?}");
    }

    #[test]
    fn what_does_not_leave_the_machine_is_as_before() {
        for url in [
            "postgres://localhost/skillgate",
            "postgres://127.0.0.1:5433/skillgate",
            "postgres://[::1]/skillgate",
            "postgres://user@localhost/skillgate?host=/run/postgresql",
            "postgres://%2Frun%2Fpostgresql/skillgate",
        ] {
            let got = mode(url);
            assert!(matches!(got.0, PgSslMode::Prefer), "{url}: {got:?}");
            assert_eq!(got.1, Encryption::AsTold);
        }
    }

    #[test]
    fn the_operator_may_say_otherwise() {
        let said = |mode| format!("postgres://db.example.com/skillgate?a=b&{mode}");
        assert!(matches!(
            mode(&said("sslmode=disable")).0,
            PgSslMode::Disable
        ));
        assert!(matches!(
            mode(&said("ssl-mode=require")).0,
            PgSslMode::Require
        ));
        assert!(matches!(mode(&said("sslmode=prefer")).0, PgSslMode::Prefer));
        assert_eq!(mode(&said("sslmode=require")).1, Encryption::AsTold);
    }

    #[test]
    fn a_refused_encryption_says_what_to_do() {
        let refused = || sqlx::Error::Tls("server does not support TLS".into());
        let text = Encryption::ByDefault.explain(refused()).to_string();
        for part in ["does not support TLS", "sslmode=disable", "sslrootcert="] {
            assert!(text.contains(part), "{text}");
        }
        let text = Encryption::AsTold.explain(refused()).to_string();
        assert!(!text.contains("sslmode"), "{text}");
    }
}
