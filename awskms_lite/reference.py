"""Every setting of AWS's reference, by its variable and its property: read here, or left out for a reason.

Source: "Settings reference" in the AWS SDKs and Tools Reference Guide, and what the AWS SDK for Python reads.
A setting that is left out says why, for whoever has set it and wonders.
"""

READ = {
    "AWS_ACCESS_KEY_ID": "aws_access_key_id",
    "AWS_SECRET_ACCESS_KEY": "aws_secret_access_key",
    "AWS_SESSION_TOKEN": "aws_session_token",
    "AWS_SECURITY_TOKEN": "aws_security_token",
    "AWS_CREDENTIAL_EXPIRATION": "",
    "AWS_ACCOUNT_ID": "aws_account_id",
    "AWS_PROFILE": "",
    "AWS_DEFAULT_PROFILE": "",
    "AWS_CONFIG_FILE": "",
    "AWS_SHARED_CREDENTIALS_FILE": "",
    "AWS_REGION": "region",
    "AWS_DEFAULT_REGION": "region",
    "AWS_ENDPOINT_URL": "endpoint_url",
    "AWS_ENDPOINT_URL_KMS": "services",
    "AWS_ENDPOINT_URL_STS": "services",
    "AWS_ENDPOINT_URL_SSO": "services",
    "AWS_ENDPOINT_URL_SSO_OIDC": "services",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "ignore_configured_endpoint_urls",
    "AWS_USE_FIPS_ENDPOINT": "use_fips_endpoint",
    "AWS_USE_DUALSTACK_ENDPOINT": "use_dualstack_endpoint",
    "AWS_CA_BUNDLE": "ca_bundle",
    "AWS_RETRY_MODE": "retry_mode",
    "AWS_MAX_ATTEMPTS": "max_attempts",
    "AWS_SDK_UA_APP_ID": "sdk_ua_app_id",
    "AWS_ROLE_ARN": "role_arn",
    "AWS_ROLE_SESSION_NAME": "role_session_name",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "web_identity_token_file",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN": "",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "",
    "AWS_EC2_METADATA_DISABLED": "",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT": "ec2_metadata_service_endpoint",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "ec2_metadata_service_endpoint_mode",
    "AWS_METADATA_SERVICE_TIMEOUT": "metadata_service_timeout",
    "AWS_METADATA_SERVICE_NUM_ATTEMPTS": "metadata_service_num_attempts",
    "AWS_LOGIN_CACHE_DIRECTORY": "",
}
"""Each variable that is read, with the property that says the same; empty where none does."""

READ_OF_PROFILES = (
    *(
        "source_profile",
        "credential_source",
        "external_id",
        "mfa_serial",
        "duration_seconds",
        "credential_process",
    ),
    *("sso_session", "sso_start_url", "sso_region", "sso_account_id", "sso_role_name", "login_session"),
)
"""The properties that are read and have no variable."""

_OF_S3 = "it is about S3"
_OF_THE_CLI = "it is about the AWS CLI"
_NO_ACCOUNTS = "no endpoint of KMS is that of an account"
_NO_V1 = "version 1 of the instance metadata is never used"
_SIGV4 = "KMS is called with Signature Version 4 alone"
_OWN_MODELS = "the operations are part of this package"
_REGIONAL = "STS is always asked in the client's region"
_MODE = "set AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE to IPv6"
_SMALL = "the requests of KMS are too small to compress"
_DEFAULTS = "the timeouts are those of the client's arguments, and the retries those of AWS_RETRY_MODE"
_NO_MONITORING = "calls are logged by the logger awskms_lite, and not sent to a monitoring agent"
_NO_DISCOVERY = "KMS has no endpoint discovery"
_PROXY = "proxies are those of HTTPS_PROXY, or of an http_client of yours"
_OWN_ROLE = "the role is that of the instance"

NOT_READ = {
    ("AWS_ACCOUNT_ID_ENDPOINT_MODE", "account_id_endpoint_mode"): _NO_ACCOUNTS,
    ("AWS_AUTH_SCHEME_PREFERENCE", "auth_scheme_preference"): _SIGV4,
    ("AWS_SIGV4A_SIGNING_REGION_SET", "sigv4a_signing_region_set"): _SIGV4,
    ("AWS_DEFAULTS_MODE", "defaults_mode"): _DEFAULTS,
    ("AWS_STS_REGIONAL_ENDPOINTS", "sts_regional_endpoints"): _REGIONAL,
    ("AWS_DISABLE_REQUEST_COMPRESSION", "disable_request_compression"): _SMALL,
    ("AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES", "request_min_compression_size_bytes"): _SMALL,
    ("AWS_REQUEST_CHECKSUM_CALCULATION", "request_checksum_calculation"): _OF_S3,
    ("AWS_RESPONSE_CHECKSUM_VALIDATION", "response_checksum_validation"): _OF_S3,
    ("AWS_S3_DISABLE_EXPRESS_SESSION_AUTH", "s3_disable_express_session_auth"): _OF_S3,
    ("AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS", "s3_disable_multiregion_access_points"): _OF_S3,
    ("AWS_S3_USE_ARN_REGION", "s3_use_arn_region"): _OF_S3,
    ("AWS_S3_US_EAST_1_REGIONAL_ENDPOINT", "s3_us_east_1_regional_endpoint"): _OF_S3,
    ("", "s3"): _OF_S3,
    ("AWS_EC2_METADATA_V1_DISABLED", "ec2_metadata_v1_disabled"): _NO_V1,
    ("AWS_EC2_INSTANCE_PROFILE_NAME", "ec2_instance_profile_name"): _OWN_ROLE,
    ("AWS_IMDS_USE_IPV6", "imds_use_ipv6"): _MODE,
    ("AWS_ENABLE_ENDPOINT_DISCOVERY", "endpoint_discovery_enabled"): _NO_DISCOVERY,
    ("AWS_ENDPOINT_DISCOVERY_ENABLED", "endpoint_discovery_enabled"): _NO_DISCOVERY,
    (
        "AWS_DISABLE_HOST_PREFIX_INJECTION",
        "disable_host_prefix_injection",
    ): "no operation of KMS has a host of its own",
    ("AWS_CREDENTIAL_FILE", ""): "it is from before the shared credentials file: use AWS_SHARED_CREDENTIALS_FILE",
    ("AWS_BEARER_TOKEN_KMS", ""): _SIGV4,
    ("AWS_CSM_ENABLED", "csm_enabled"): _NO_MONITORING,
    ("AWS_CSM_HOST", "csm_host"): _NO_MONITORING,
    ("AWS_CSM_PORT", "csm_port"): _NO_MONITORING,
    ("AWS_CSM_CLIENT_ID", "csm_client_id"): _NO_MONITORING,
    ("AWS_DATA_PATH", "data_path"): _OWN_MODELS,
    ("", "api_versions"): _OWN_MODELS,
    ("", "parameter_validation"): "parameters are always checked",
    ("", "tcp_keepalive"): "pass an http_client that is set up so",
    ("", "proxy_ca_bundle"): _PROXY,
    ("", "proxy_client_cert"): _PROXY,
    ("", "proxy_use_forwarding_for_https"): _PROXY,
}
"""Each setting that is not read, by its variable and its property (empty where it has none), and why not."""

OF_OTHERS = {
    ("AWS_DEFAULT_OUTPUT", "output"): _OF_THE_CLI,
    ("AWS_PAGER", "cli_pager"): _OF_THE_CLI,
    ("AWS_CLI_AUTO_PROMPT", "cli_auto_prompt"): _OF_THE_CLI,
    ("", "sso_registration_scopes"): "it is about `aws sso login`",
    ("AWS_EXECUTION_ENV", ""): "a runtime sets it, to say which one it is",
}
"""Each setting that is meant for another program, in the same form: nobody who has set it will miss it here."""

PROPERTIES = frozenset(
    filter(None, (*READ.values(), *READ_OF_PROFILES, *(name for _, name in (*NOT_READ, *OF_OTHERS))))
)
"""Every property that there is."""
