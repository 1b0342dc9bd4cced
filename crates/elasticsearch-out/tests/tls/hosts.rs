//! Which hosts are believed, and what is said of those that are not.

use std::path::PathBuf;

use rcgen::{BasicConstraints, IsCa, date_time_ymd};
use sawmill_credentials::KeyPair;
use sawmill_elasticsearch_out::{Tls, Verification};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::support::{
    Authority, Clients, Files, Signed, by_fingerprint, refused, send, serve, server, verified,
};

#[tokio::test]
async fn each_way_to_verify_takes_what_it_should_and_says_what_it_does_not() {
    use Verification::{Certificate, Full, None};
    let (ours, strange) = (Authority::new("ours"), Authority::new("strange"));
    let host = ours.sign("localhost");
    let port = serve(server(&[&host.der, &ours.der], &host, &Clients::Anybody)).await;
    let files = Files::new();
    let (right, wrong) = (
        files.write("right.crt", &ours.pem),
        files.write("wrong.crt", &strange.pem),
    );
    let twin = files.write("twin.crt", Authority::new("ours").pem);
    let both = files.write("both.crt", format!("{}{}", strange.pem, ours.pem));
    let by_file = |path: &PathBuf, verification| Tls {
        ca_file: Some(path.clone()),
        verification,
        ..Tls::default()
    };
    let fingerprint = ours.fingerprint();
    let plain = fingerprint.replace(':', "").to_lowercase();
    let other = strange.fingerprint();
    let by_both = Tls {
        ca_file: Some(wrong.clone()),
        ..by_fingerprint(&fingerprint, Full)
    };
    let named =
        "its certificate is not for `127.0.0.1` but for localhost: give the host by such a name";
    for (host, tls, want) in [
        ("localhost", by_file(&right, Full), ""),
        ("localhost", by_file(&both, Full), ""),
        ("127.0.0.1", by_file(&right, Full), named),
        ("127.0.0.1", by_file(&right, Certificate), ""),
        ("localhost", by_file(&right, Certificate), ""),
        (
            "localhost",
            by_file(&wrong, Full),
            "nobody who is believed here signed its certificate: `ca_file` must hold",
        ),
        (
            "localhost",
            by_file(&twin, Full),
            "nobody who is believed here signed its certificate: `ca_file` must hold",
        ),
        (
            "localhost",
            by_file(&wrong, Certificate),
            "nobody who is believed here",
        ),
        (
            "localhost",
            by_file(&twin, Full),
            "nobody who is believed here signed its certificate: `ca_file` must hold",
        ),
        ("localhost", by_file(&wrong, None), ""),
        ("localhost", by_fingerprint(&fingerprint, Full), ""),
        ("localhost", by_fingerprint(&plain, Full), ""),
        ("localhost", by_both, ""),
        ("127.0.0.1", by_fingerprint(&fingerprint, Full), named),
        ("127.0.0.1", by_fingerprint(&fingerprint, Certificate), ""),
        (
            "localhost",
            by_fingerprint(&other, Full),
            "has the SHA-256 of `ca_fingerprint`",
        ),
        (
            "localhost",
            by_fingerprint(&other, Certificate),
            "has the SHA-256 of `ca_fingerprint`",
        ),
        (
            "localhost",
            verified(Full),
            "nobody who is believed here signed its certificate: give `ca_file` or `ca_fingerprint`",
        ),
        (
            "localhost",
            verified(Certificate),
            "nobody who is believed here",
        ),
        ("localhost", verified(None), ""),
        ("127.0.0.1", verified(None), ""),
    ] {
        let url = format!("https://{host}:{port}");
        let shown = format!("{host} {tls:?}");
        if want.is_empty() {
            assert_eq!(send(&url, tls).await, Ok(200), "{shown}");
        } else {
            let reason = refused(&url, tls).await;
            assert!(reason.contains(want), "{reason}\nfor {shown}");
            assert!(!reason.contains("hush"), "{reason}");
        }
    }
}

#[tokio::test]
async fn a_fingerprint_of_what_the_host_does_not_show_or_did_not_need_is_not_enough() {
    let (ours, strange) = (Authority::new("ours"), Authority::new("strange"));
    let host = ours.sign("localhost");
    let alone = serve(server(&[&host.der], &host, &Clients::Anybody)).await;
    let reason = refused(
        &format!("https://localhost:{alone}"),
        by_fingerprint(&ours.fingerprint(), Verification::Full),
    )
    .await;
    assert!(
        reason.contains("see that the host shows its authority's certificate too"),
        "{reason}"
    );
    // Somebody else's host can show a public certificate, but has nothing that its authority signed.
    let forged = serve(server(&[&host.der, &strange.der], &host, &Clients::Anybody)).await;
    let reason = refused(
        &format!("https://localhost:{forged}"),
        by_fingerprint(&strange.fingerprint(), Verification::Full),
    )
    .await;
    assert!(reason.contains("nobody who is believed here"), "{reason}");
}

#[tokio::test]
async fn a_certificate_that_is_not_of_now_is_said_to_be_so() {
    let ours = Authority::new("ours");
    let tls = || by_fingerprint(&ours.fingerprint(), Verification::Certificate);
    for (from, to, want) in [
        (2001, 2002, "its certificate expired"),
        (2901, 2902, "is not valid for"),
    ] {
        let host = ours.sign_with("localhost", |params| {
            params.not_before = date_time_ymd(from, 1, 1);
            params.not_after = date_time_ymd(to, 1, 1);
        });
        let port = serve(server(&[&host.der, &ours.der], &host, &Clients::Anybody)).await;
        let reason = refused(&format!("https://localhost:{port}"), tls()).await;
        assert!(
            reason.contains(want) && reason.contains(" days"),
            "{reason}"
        );
        let url = format!("https://localhost:{port}");
        let any = send(&url, verified(Verification::None));
        assert_eq!(any.await, Ok(200));
    }
}

#[tokio::test]
async fn an_authoritys_own_certificate_is_no_hosts() {
    let ours = Authority::new("ours");
    let host = ours.sign_with("localhost", |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    });
    let port = serve(server(&[&host.der, &ours.der], &host, &Clients::Anybody)).await;
    let files = Files::new();
    let by_file = Tls {
        ca_file: Some(files.write("ca.crt", &ours.pem)),
        ..Tls::default()
    };
    for tls in [
        by_file,
        by_fingerprint(&ours.fingerprint(), Verification::Full),
    ] {
        let reason = refused(&format!("https://localhost:{port}"), tls).await;
        assert!(reason.contains("is an authority's own"), "{reason}");
    }
}

#[tokio::test]
async fn a_host_that_wants_a_clients_certificate_gets_it() {
    let [ours, clients, strange, twin] =
        ["ours", "clients", "strange", "clients"].map(Authority::new);
    let host = ours.sign("localhost");
    let port = serve(server(
        &[&host.der, &ours.der],
        &host,
        &Clients::SignedBy(&clients),
    ))
    .await;
    let url = format!("https://localhost:{port}");
    let files = Files::new();
    let with = |signed: Option<&Signed>| Tls {
        ca_file: Some(files.write("ca.crt", &ours.pem)),
        client: signed.map(|signed| KeyPair {
            certificate: files.write("client.crt", &signed.pem),
            key: files.write("client.key", signed.key.serialize_pem()),
            passphrase: None,
        }),
        ..Tls::default()
    };
    assert_eq!(
        send(&url, with(Some(&clients.sign("sawmill")))).await,
        Ok(200)
    );
    let reason = refused(&url, with(None)).await;
    assert!(
        reason.contains("the host asks for a client's certificate, and there is none (CertificateRequired): give `client_certificate`"),
        "{reason}"
    );
    for (authority, alert) in [(strange, "UnknownCA"), (twin, "DecryptError")] {
        let reason = refused(&url, with(Some(&authority.sign("sawmill")))).await;
        assert!(
            reason.contains("the host does not take the certificate in ")
                && reason.contains(&format!("client.crt ({alert})")),
            "{reason}"
        );
    }
}

#[tokio::test]
async fn a_host_that_speaks_the_other_protocol_is_said_to_do_so() {
    let ours = Authority::new("ours");
    let host = ours.sign("localhost");
    let tls = serve(server(&[&host.der], &host, &Clients::Anybody)).await;
    let reason = refused(&format!("http://localhost:{tls}"), Tls::default()).await;
    assert!(
        reason.contains("if TLS is spoken there, give the host as https://"),
        "{reason}"
    );

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut peer, _) = listener.accept().await.unwrap();
            let _ = peer.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    for tls in [Tls::default(), verified(Verification::Certificate)] {
        let reason = refused(&format!("https://localhost:{port}"), tls).await;
        assert!(
            reason.contains("no TLS is spoken there: give the host as http://"),
            "{reason}"
        );
    }
}
