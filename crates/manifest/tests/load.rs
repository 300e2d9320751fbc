//! What manifests come to, and what they are refused for: from files, as a person has them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's own functions may fail as the test does")]

use std::{fs, path::Path};

use tenantry_api::{CountOrPercent, schema_definition::Destructive, tenant_database::TlsMode};
use tenantry_manifest::{Environment, Input, LoadError, Manifests, ObjectName, Secret, load};

const DATABASE: &str = "
apiVersion: tenantry.dev/v1alpha1
kind: TenantDatabase
metadata: {name: eu-1}
spec: {connection: {secretRef: {name: login}}}
";
const LOGIN: &str = "
apiVersion: v1
kind: Secret
metadata: {name: login}
stringData: {uri: 'postgresql://u:hunter2@h/d'}
";
const DEFINITION: &str = "
apiVersion: tenantry.dev/v1alpha1
kind: SchemaDefinition
metadata: {name: app}
spec: {sql: CREATE TABLE t ()}
";
const SET: &str = "
apiVersion: tenantry.dev/v1alpha1
kind: TenantSet
metadata: {name: customers}
spec:
  schemaRef: {name: app}
  databases: [{databaseRef: {name: eu-1}, tenants: {names: [acme]}}]
";

fn read(documents: &[&str]) -> Result<Manifests, LoadError> {
    let text = documents.join("---");
    load(&[Input::Text { name: "all.yaml".to_owned(), text }], &Environment::default())
}

fn refusals(documents: &[&str]) -> Vec<String> {
    match read(documents) {
        Err(LoadError::Refused(faults)) => faults.iter().map(ToString::to_string).collect(),
        other => panic!("not refused: {other:?}"),
    }
}

fn name(name: &str) -> ObjectName {
    ObjectName { namespace: "default".to_owned(), name: name.to_owned() }
}

fn variables(pairs: &[(&str, &str)]) -> Environment {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn the_samples_are_taken_whole() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/samples");
    let manifests = load(&[Input::Path(samples)], &Environment::default()).unwrap();
    assert_eq!(manifests.notes, []);

    let eu = manifests.connection(&manifests.databases[&name("eu-1")], &Environment::default()).unwrap();
    assert_eq!(
        eu.uri.as_ref().map(Secret::expose),
        Some("postgresql://tenantry:not-a-password@eu-1-rw.databases.svc:5432/app")
    );
    assert_eq!(eu.tls.mode, Some(TlsMode::VerifyFull));
    assert!(eu.tls.authorities.unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
    assert_eq!((eu.max_connections, eu.lock_timeout.as_secs(), eu.statement_timeout.as_secs()), (8, 2, 300));
    assert_eq!(eu.ledger_schema, "tenantry");
    let acme =
        manifests.connection(&manifests.databases[&name("acme-own")], &Environment::default()).unwrap();
    assert_eq!(
        (acme.host.as_deref(), acme.user.as_deref(), acme.dbname.as_deref()),
        (Some("acme-own.databases.svc"), Some("tenantry"), Some("app"))
    );

    let sources = manifests.sources(&manifests.definitions[&name("app")]).unwrap();
    let names: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
    assert_eq!(names, ["app-schema/10-users.sql", "app-schema/20-invoices.sql"]);
    assert!(sources[1].text.starts_with("CREATE TYPE invoice_state"), "{}", sources[1].text);
    assert_eq!(manifests.definitions[&name("app")].object.spec.policy.destructive, Destructive::Quarantine);

    let rollout = &manifests.sets[&name("customers")].object.spec.rollout;
    let waves: Vec<_> = rollout.waves.iter().map(|wave| (wave.name.as_str(), wave.failure_budget)).collect();
    assert_eq!(waves, [("canary", None), ("first", Some(CountOrPercent::Count(2))), ("rest", None)]);
}

#[test]
fn a_folder_is_read_by_name_and_other_kinds_are_left_out_with_a_note() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("b.yml"), [DATABASE, SET].join("---")).unwrap();
    fs::write(folder.path().join("c.json"), r#"{"apiVersion": "v1", "kind": "List", "items": []}"#).unwrap();
    fs::write(folder.path().join("a.yaml"), "---\n# nothing\n---\napiVersion: apps/v1\nkind: Deployment\n")
        .unwrap();
    fs::write(folder.path().join("README.md"), "kind: [").unwrap();
    fs::create_dir(folder.path().join("inner.yaml")).unwrap();
    let rest = Input::Text {
        name: "rest".to_owned(),
        text: format!(
            "apiVersion: v1\nkind: List\nitems:\n- {}\n- {}\n- {{apiVersion: tenantry.dev/v1alpha1, kind: TenantSlice}}",
            LOGIN.trim().replace('\n', "\n  "),
            DEFINITION.trim().replace('\n', "\n  "),
        ),
    };
    let manifests = load(&[Input::Path(folder.path().into()), rest], &Environment::default()).unwrap();
    assert_eq!(manifests.sets.len() + manifests.databases.len() + manifests.definitions.len(), 3);
    assert_eq!(manifests.sets[&name("customers")].place().line, 7);
    let notes: Vec<String> = manifests.notes.iter().map(ToString::to_string).collect();
    let file = folder.path().join("a.yaml");
    assert_eq!(
        notes,
        [
            format!(
                "{}, line 4, column 1: Deployment is left out: it is none of Tenantry's kinds",
                file.display()
            ),
            "rest, line 12, column 3: TenantSlice is left out: the operator writes it itself".to_owned(),
        ]
    );
}

#[test]
fn an_unknown_field_is_refused_where_it_stands() {
    let wrong = SET.replace("  schemaRef", "  rollout:\n    maxConcurrency: 4\n  schemaRef");
    assert_eq!(
        refusals(&[DATABASE, LOGIN, DEFINITION, &wrong]),
        ["all.yaml, line 22, column 5: TenantSet customers: there is no field spec.rollout.maxConcurrency; \
          probably maxConcurrent is meant"]
    );
    let wrong = DATABASE.replace("{secretRef", "{password: hunter2, secretRef");
    assert_eq!(
        refusals(&[&wrong, LOGIN]),
        ["all.yaml, line 5, column 21: TenantDatabase eu-1: there is no field spec.connection.password"]
    );
    let wrong = LOGIN.replace("stringData", "stringdata").replace("metadata", "type: [hunter2]\nmetadata");
    assert_eq!(
        refusals(&[&wrong]),
        [
            "all.yaml, line 6, column 1: Secret login: there is no field stringdata; probably stringData is meant",
            "all.yaml, line 4, column 1: Secret login: type: must be text, and is a list",
        ]
    );
}

#[test]
fn what_the_api_server_refuses_is_refused_with_the_same_words() {
    let wrong = SET.replace("names: [acme]", "names: [acme], query: SELECT 1");
    assert_eq!(
        refusals(&[&wrong]),
        [
            "all.yaml, line 7, column 43: TenantSet customers: spec.databases[0].tenants: write exactly one of names, \
          schemaPattern, query and configMapRef; for tenants from two sources write two entries"
        ]
    );
    let wrong = DATABASE.replace("spec: {", "spec: {engine: Redshift, ");
    assert_eq!(
        refusals(&[&wrong]),
        [
            "all.yaml, line 5, column 8: TenantDatabase eu-1: spec.engine: Redshift is not supported; write PostgreSQL"
        ]
    );
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let wrong = SET.replace("schemaRef: {name: app}", "schemaRef: {}\n  mode: Watch");
    let other = DATABASE.replace("metadata: {name: eu-1}", "metadata: {name: EU 1}");
    assert_eq!(
        refusals(&[&wrong, &other, "\nkind: 5\n"]),
        [
            "all.yaml, line 7, column 3: TenantSet customers: spec.mode: Watch is not one of Apply, Observe",
            "all.yaml, line 6, column 3: TenantSet customers: spec.schemaRef.name is missing",
            "all.yaml, line 12, column 12: TenantDatabase EU 1: metadata.name can have lower-case letters, digits, \
             '-' and '.', as in app-1",
            "all.yaml, line 15, column 1: this is no Kubernetes object: apiVersion and kind are missing or no text",
        ]
    );
}

#[test]
fn kinds_and_versions_of_ours_that_are_none_are_refused() {
    assert_eq!(
        refusals(&["\napiVersion: tenantry.dev/v1alpha1\nkind: TenantSets\n"]),
        [
            "all.yaml, line 2, column 1: there is no kind TenantSets in tenantry.dev/v1alpha1; what users write is \
          TenantDatabase, SchemaDefinition, TenantSet"
        ]
    );
    assert_eq!(
        refusals(&["\napiVersion: tenantry.dev/v1\nkind: TenantSet\n"]),
        ["all.yaml, line 2, column 1: there is no apiVersion tenantry.dev/v1; write apiVersion: \
          tenantry.dev/v1alpha1 for TenantSet"]
    );
    let error = read(&["\napiVersion: v1\nkind: Pod\n"]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no TenantDatabase, no SchemaDefinition, no TenantSet in what was read; deploy/samples shows the three"
    );
}

#[test]
fn the_same_object_twice_is_refused() {
    assert_eq!(
        refusals(&[SET, DEFINITION, SET]),
        [
            "all.yaml, line 14, column 1: TenantSet customers: it stands in all.yaml, line 2, column 1 already; \
          remove one of the two"
        ]
    );
    // Another namespace is another object.
    let elsewhere = |text: &str| text.replace("metadata: {", "metadata: {namespace: prod, ");
    let both = [DATABASE, LOGIN, DEFINITION, SET];
    let prod: Vec<String> = both.iter().map(|text| elsewhere(text)).collect();
    let all: Vec<&str> = both.iter().copied().chain(prod.iter().map(String::as_str)).collect();
    let manifests = read(&all).unwrap();
    let names: Vec<String> = manifests.sets.keys().map(ToString::to_string).collect();
    assert_eq!(names, ["customers", "prod/customers"]);
}

#[test]
fn a_reference_to_nothing_says_what_to_add() {
    assert_eq!(
        refusals(&[SET]),
        [
            "all.yaml, line 6, column 15: TenantSet customers: spec.schemaRef.name: there is no SchemaDefinition app; \
             add one",
            "all.yaml, line 7, column 30: TenantSet customers: spec.databases[0].databaseRef.name: there is no \
             TenantDatabase eu-1; add one",
        ]
    );
    let definition = DEFINITION.replace("name: app", "name: application");
    let database = DATABASE.replace("metadata: {", "metadata: {namespace: prod, ");
    let login = LOGIN.replace("metadata: {", "metadata: {namespace: prod, ");
    assert_eq!(
        refusals(&[&database, &login, &definition, SET]),
        [
            "all.yaml, line 21, column 15: TenantSet customers: spec.schemaRef.name: there is no SchemaDefinition app; \
             add it, or name one that is here: application",
            "all.yaml, line 22, column 30: TenantSet customers: spec.databases[0].databaseRef.name: there is no \
             TenantDatabase eu-1; it is in namespace prod, and this is in default: references stay in their namespace",
        ]
    );
    let definition = DEFINITION.replace("sql: CREATE TABLE t ()", "configMapRefs: [{name: a}, {name: b}]");
    let empty = "\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n";
    assert_eq!(
        refusals(&[&definition, empty]),
        [
            "all.yaml, line 5, column 24: SchemaDefinition app: spec.configMapRefs[0]: there is no ConfigMap a; add it",
            "all.yaml, line 5, column 35: SchemaDefinition app: spec.configMapRefs[1]: ConfigMap b has no data; put \
             the SQL under data, a key a file",
        ]
    );
    let database = DATABASE.replace("spec: {", "spec: {shadow: {databaseRef: {name: scratch}}, ");
    assert_eq!(
        refusals(&[&database]),
        [
            "all.yaml, line 5, column 73: TenantDatabase eu-1: spec.connection.secretRef.name: there is no Secret \
             login; add it, or set TENANTRY_URI_EU_1",
            "all.yaml, line 5, column 31: TenantDatabase eu-1: spec.shadow.databaseRef.name: there is no \
             TenantDatabase scratch; add it, or name one that is here: eu-1",
        ]
    );
    let list = SET.replace("names: [acme]", "configMapRef: {name: tenants}");
    let map = "\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: tenants}\ndata: {names: acme}\n";
    assert_eq!(
        refusals(&[DATABASE, LOGIN, DEFINITION, &list, map]),
        [
            "all.yaml, line 22, column 53: TenantSet customers: spec.databases[0].tenants.configMapRef.key: ConfigMap \
          tenants has no key tenants"
        ]
    );
}

#[test]
fn a_uri_in_the_environment_takes_the_place_of_a_secret() {
    let environment = variables(&[("TENANTRY_URI_EU_1", "postgresql://me:hunter2@localhost/app")]);
    let text = [DATABASE, DEFINITION, SET].join("---");
    let manifests = load(&[Input::Text { name: "all.yaml".to_owned(), text }], &environment).unwrap();
    let connection = manifests.connection(&manifests.databases[&name("eu-1")], &environment).unwrap();
    assert_eq!(connection.uri.as_ref().map(Secret::expose), Some("postgresql://me:hunter2@localhost/app"));
    assert_eq!(manifests.notes, []);

    let text = [DATABASE, LOGIN, DEFINITION, SET].join("---");
    let manifests = load(&[Input::Text { name: "all.yaml".to_owned(), text }], &environment).unwrap();
    let connection = manifests.connection(&manifests.databases[&name("eu-1")], &environment).unwrap();
    assert_eq!(connection.uri.as_ref().map(Secret::expose), Some("postgresql://me:hunter2@localhost/app"));
    assert_eq!(
        manifests.notes[0].to_string(),
        "all.yaml, line 2, column 1: TenantDatabase eu-1 is reached by TENANTRY_URI_EU_1, and not as Secret login says"
    );

    let twin = DATABASE.replace("eu-1", "eu.1");
    let text = [DATABASE, &twin].join("---");
    let Err(LoadError::Refused(faults)) =
        load(&[Input::Text { name: "all.yaml".to_owned(), text }], &environment)
    else {
        panic!("one variable for two databases is taken");
    };
    assert_eq!(
        faults[0].to_string(),
        "all.yaml, line 7, column 1: TenantDatabase eu.1: TENANTRY_URI_EU_1 would stand for this one and for eu-1; \
         rename one of the two"
    );
}

#[test]
fn a_secret_is_decoded_and_never_shown() {
    let base64 =
        LOGIN.replace("stringData: {uri: 'postgresql://u:hunter2@h/d'}", "data: {uri: cG9zdGdyZXNxbDovL2g=}");
    let manifests = read(&[DATABASE, &base64]).unwrap();
    let connection =
        manifests.connection(&manifests.databases[&name("eu-1")], &Environment::default()).unwrap();
    assert_eq!(connection.uri.as_ref().map(Secret::expose), Some("postgresql://h"));

    let not_base64 = LOGIN.replace("stringData: {", "data: {bin: gIGC, ");
    assert_eq!(
        refusals(&[DATABASE, &not_base64]),
        [
            "all.yaml, line 10, column 8: Secret login: data.bin is no UTF-8 text",
            "all.yaml, line 10, column 19: Secret login: data.uri is no base64; plain text stands under stringData",
        ]
    );
    let number = LOGIN.replace("'postgresql://u:hunter2@h/d'", "5432");
    assert_eq!(
        refusals(&[DATABASE, &number]),
        [
            "all.yaml, line 10, column 14: Secret login: stringData.uri: must be text (put it in quotes), and is a number"
        ]
    );

    let whole = read(&[DATABASE, LOGIN, DEFINITION, SET]).unwrap();
    assert!(!format!("{whole:?}").contains("hunter2"), "{whole:?}");
    let connection = whole.connection(&whole.databases[&name("eu-1")], &Environment::default()).unwrap();
    assert!(!format!("{connection:?}").contains("hunter2"), "{connection:?}");
}

#[test]
fn what_cannot_be_read_is_named() {
    let error = load(&["/no/such/file.yaml".into()], &Environment::default()).unwrap_err();
    assert!(error.to_string().starts_with("/no/such/file.yaml cannot be read: "), "{error}");
    let folder = tempfile::tempdir().unwrap();
    let error = load(&[Input::Path(folder.path().into())], &Environment::default()).unwrap_err();
    assert_eq!(error.to_string(), format!("{} has no *.yaml, *.yml or *.json", folder.path().display()));
    assert_eq!(refusals(&["a: [\n"])[0].split(": ").nth(1), Some("no YAML"));
}

#[test]
fn a_kustomization_lists_files_and_makes_config_maps_of_sql_files() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    fs::create_dir(folder.path().join("schema")).unwrap();
    write("schema/20-b.sql", "CREATE TABLE b ();\n");
    write("schema/10-a.sql", "CREATE TABLE a ();\n");
    write("uri.txt", "postgresql://u:hunter2@h/d\n");
    write("not-listed.yaml", "kind: [");
    write("all.yaml", &[DATABASE, SET].join("---"));
    write(
        "definition.yaml",
        &DEFINITION.replace("sql: CREATE TABLE t ()", "configMapRefs: [{name: app-schema}]"),
    );
    let kustomization = "
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: prod
resources: [all.yaml, definition.yaml]
configMapGenerator:
- name: app-schema
  files: [schema/20-b.sql, 10-first.sql=schema/10-a.sql]
secretGenerator:
- {name: login, files: [uri=uri.txt]}
";
    write("kustomization.yaml", kustomization);
    let manifests = load(&[Input::Path(folder.path().into())], &Environment::default()).unwrap();
    let app = ObjectName { namespace: "prod".to_owned(), name: "app".to_owned() };
    let sources = manifests.sources(&manifests.definitions[&app]).unwrap();
    let sources: Vec<_> = sources.iter().map(|source| (source.name.as_str(), source.text.as_str())).collect();
    assert_eq!(
        sources,
        [
            ("app-schema/10-first.sql", "CREATE TABLE a ();\n"),
            ("app-schema/20-b.sql", "CREATE TABLE b ();\n")
        ]
    );
    let connection =
        manifests.connection(&manifests.databases[&app.sibling("eu-1")], &Environment::default()).unwrap();
    assert_eq!(connection.uri.as_ref().map(Secret::expose), Some("postgresql://u:hunter2@h/d"));
    let note = manifests.notes[0].to_string();
    assert!(note.contains("line 7, column 3: on a cluster kustomize adds a hash"), "{note}");

    write(
        "kustomization.yaml",
        &format!("{kustomization}generatorOptions: {{disableNameSuffixHash: true}}\n"),
    );
    let manifests = load(&[Input::Path(folder.path().into())], &Environment::default()).unwrap();
    assert_eq!(manifests.notes, []);

    write("login.env", "# of the database\nuri=postgresql://u:hunter3@h/d?sslmode=require\n\n");
    let by_env = kustomization.replace("files: [uri=uri.txt]", "envs: [login.env]");
    write("kustomization.yaml", &by_env);
    let manifests = load(&[Input::Path(folder.path().into())], &Environment::default()).unwrap();
    let connection =
        manifests.connection(&manifests.databases[&app.sibling("eu-1")], &Environment::default()).unwrap();
    let uri = "postgresql://u:hunter3@h/d?sslmode=require";
    assert_eq!(connection.uri.as_ref().map(Secret::expose), Some(uri));
    write("login.env", "hunter3\n");
    let error = load(&[Input::Path(folder.path().into())], &Environment::default()).unwrap_err().to_string();
    assert!(error.contains("login.env, line 1, is no KEY=VALUE") && !error.contains("hunter3"), "{error}");

    write("kustomization.yaml", &format!("{kustomization}namePrefix: eu-\npatches: []\n"));
    let error = load(&[Input::Path(folder.path().into())], &Environment::default()).unwrap_err();
    assert!(
        error.to_string().contains("line 11, column 1: namePrefix is not carried out here; render"),
        "{error}"
    );

    write("kustomization.yaml", "resources: [https://example.com/base]\n");
    let error =
        load(&[Input::Path(folder.path().join("kustomization.yaml"))], &Environment::default()).unwrap_err();
    assert!(error.to_string().contains("resources: https://example.com/base is no file"), "{error}");
}
