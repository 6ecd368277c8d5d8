//! The environment variables of a function's process: those that Lambda sets, and nothing more.

use std::collections::BTreeMap;
use std::path::Path;

use super::access_key::AccessKey;
use template::FunctionDefinition;

/// Where a function finds the services.
#[derive(Debug, Clone)]
pub(crate) struct ServiceUrls {
    pub(crate) kinesis: String,
    pub(crate) s3: String,
    /// Where every other service is refused.
    pub(crate) others: String,
}

/// What differs between the processes of a function.
pub(super) struct Process<'a> {
    pub(super) task_root: &'a Path,
    pub(super) runtime_api: &'a str,
    pub(super) log_stream: String,
    pub(super) access_key: AccessKey,
}

/// Every variable of one process. The machine's own environment is not included.
pub(super) fn variables(
    function: &FunctionDefinition,
    process: &Process<'_>,
    services: &ServiceUrls,
) -> BTreeMap<String, String> {
    let memory = function.memory_mb.to_string();
    let task_root = process.task_root.to_string_lossy();
    let lambda = [
        ("AWS_LAMBDA_FUNCTION_NAME", function.name.as_str()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", &format!("/aws/lambda/{}", function.name)),
        ("AWS_LAMBDA_LOG_STREAM_NAME", &process.log_stream),
        ("AWS_LAMBDA_RUNTIME_API", process.runtime_api),
        ("AWS_REGION", template::REGION),
        ("AWS_DEFAULT_REGION", template::REGION),
        ("AWS_ACCESS_KEY_ID", &process.access_key.to_string()),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_SESSION_TOKEN", "local"),
        ("LAMBDA_TASK_ROOT", &task_root),
        ("LAMBDA_RUNTIME_DIR", &task_root),
        ("LD_LIBRARY_PATH", &format!("{task_root}:{task_root}/lib:/opt/lib")),
        ("_HANDLER", &function.handler),
        ("LANG", "en_US.UTF-8"),
        ("TZ", ":UTC"),
        ("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin"),
    ];
    let here = [
        ("AWS_ENDPOINT_URL", services.others.as_str()),
        ("AWS_ENDPOINT_URL_KINESIS", &services.kinesis),
        ("AWS_ENDPOINT_URL_S3", &services.s3),
        // Requests to the machine's own services bypass its proxy.
        ("NO_PROXY", "127.0.0.1,localhost"),
        ("no_proxy", "127.0.0.1,localhost"),
    ];
    let own = function.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    // As in Lambda, a function can't set what the service reserves. If a template names an endpoint, that
    // endpoint is used.
    let all = here.into_iter().chain(own).chain(lambda);
    all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_function_can_set_its_endpoints_but_not_what_lambda_reserves() {
        let own = [("AWS_REGION", "mars"), ("SCHEMA", "crime"), ("AWS_ENDPOINT_URL_S3", "http://in-between")];
        let function = FunctionDefinition {
            name: "F".to_owned(),
            logical_id: "F".to_owned(),
            binary: "f".to_owned(),
            code_uri: None,
            runtime: None,
            handler: "bootstrap".to_owned(),
            timeout: Duration::from_secs(3),
            memory_mb: 128,
            variables: own.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            layers: Vec::new(),
            reserved_concurrency: None,
            asynchronous: template::AsynchronousRetries::default(),
            role: None,
        };
        let services = ServiceUrls {
            kinesis: "http://k".to_owned(),
            s3: "http://s".to_owned(),
            others: "http://o".to_owned(),
        };
        let process = Process {
            task_root: Path::new("/bin"),
            runtime_api: "127.0.0.1:1",
            log_stream: "log".to_owned(),
            access_key: AccessKey { function: "F".to_owned(), environment: 2 },
        };
        let set = variables(&function, &process, &services);
        assert_eq!(set["AWS_ACCESS_KEY_ID"], "LOCAL-2-F");
        assert_eq!(set["AWS_REGION"], "us-east-1");
        assert_eq!(set["SCHEMA"], "crime");
        assert_eq!(set["AWS_ENDPOINT_URL"], "http://o");
        assert_eq!(set["AWS_ENDPOINT_URL_KINESIS"], "http://k");
        assert_eq!(set["AWS_ENDPOINT_URL_S3"], "http://in-between");
        assert_eq!(set["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "128");
    }
}
