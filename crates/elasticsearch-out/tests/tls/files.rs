//! Files of TLS: what is wrong with one has its setting's name. How they are read is tested where they are read.

use std::path::PathBuf;

use sawmill_credentials::{KeyPair, Secret, SecretSource};
use sawmill_elasticsearch_out::{Client, Settings, SettingsError, Tls};

use crate::support::{Authority, Files};

fn settings(tls: Tls) -> Settings {
    Settings {
        tls,
        ..Settings::new(vec!["https://es:9200".parse().unwrap()])
    }
}

#[test]
fn a_file_that_will_not_do_is_named_with_its_setting() {
    const LOCKED: &str = include_str!("../../../credentials/tests/fixtures/rsa-aes.key");
    let files = Files::new();
    let ours = Authority::new("ours");
    let [one, other] = ["one", "other"].map(|name| ours.sign(name));
    let good = files.write("good.crt", &one.pem);
    let good_key = files.write("good.key", one.key.serialize_pem());
    let cut = files.write("cut.crt", &ours.pem[..200]);
    let other_key = files.write("other.key", other.key.serialize_pem());
    let locked = files.write("locked.key", LOCKED);
    let passphrase = files.write("passphrase", "wrong");
    let passphrase = Some(SecretSource::File(passphrase));

    let ca_file = Tls {
        ca_file: Some(cut.clone()),
        ..Tls::default()
    };
    let client = |certificate: &PathBuf, key: &PathBuf, passphrase| Tls {
        client: Some(KeyPair {
            certificate: certificate.clone(),
            key: key.clone(),
            passphrase,
        }),
        ..Tls::default()
    };
    for (tls, setting, problem) in [
        (ca_file, "ca_file", "is no sound PEM"),
        (
            client(&cut, &good_key, None),
            "client_certificate",
            "is no sound PEM",
        ),
        (
            client(&good, &other_key, None),
            "client_key",
            "is not the key of",
        ),
        (
            client(&good, &locked, passphrase),
            "client_key_passphrase_file",
            "this is not the passphrase of",
        ),
    ] {
        match Client::new(&settings(tls)).unwrap_err() {
            SettingsError::Tls(error) => {
                assert_eq!(error.setting, setting, "{error}");
                assert!(error.problem.contains(problem), "{error}, not {problem}");
            }
            other => panic!("{other}"),
        }
    }

    let hush = SecretSource::Text(Secret::from("hush".to_owned()));
    let settings = settings(client(&good, &good_key, Some(hush)));
    let made = Client::new(&settings).unwrap();
    assert!(!format!("{settings:?}{made:?}").contains("hush"));
}
