//! Configurations for whoever follows `sp-sdk/README.md`: a service of their own, beside those that the demo starts.

use crate::world::World;

/// Names and texts. Made anew at each start, like everything else that depends on ports and on the demo's authority.
pub(crate) fn files(world: &World) -> [(&'static str, String); 2] {
    [
        ("my-ministry.toml", service(world)),
        ("my-interface.toml", interface(world)),
    ]
}

fn service(world: &World) -> String {
    let port = world.ports.yours();
    format!(
        r#"# The service that you write by sp-sdk/README.md. Written anew at each start of the demo: change a copy.
listen = "127.0.0.1:{port}"
certificate = "my-ministry.pem"
private_key = "my-ministry.key"
# The key that you make, by which the service proves itself.
client_key = "client.key"

[oidc]
issuer = "{}"
client_id = "my-ministry"
redirect_uri = "https://my-ministry.localhost:{port}/callback"
post_logout_redirect_uri = "https://my-ministry.localhost:{port}/signed-out"
addresses = [["idp.localhost", "127.0.0.1:{}"]]
trusted_ca_pem = '''
{}'''

# For the sample account_linking alone: customers that it knows already.
[[customers]]
id = "1001"
password = "password"
verified = true

[[customers]]
id = "1002"
password = "password"
verified = false
"#,
        world.origin(),
        world.ports.front(),
        world.ca_pem,
    )
}

fn interface(world: &World) -> String {
    let port = world.ports.your_interface();
    format!(
        r#"# For the sample resource_server (sp-sdk/README.md). Written anew at each start of the demo: change a copy.
listen = "127.0.0.1:{port}"
certificate = "my-ministry.pem"
private_key = "my-ministry.key"
resource = "https://my-ministry.localhost:{port}/filings"
issuer = "{}"
addresses = [["idp.localhost", "127.0.0.1:{}"]]
trusted_ca_pem = '''
{}'''
"#,
        world.origin(),
        world.ports.front(),
        world.ca_pem,
    )
}
