//! What a Django application's logs talk about.

/// A log file that Filebeat follows.
pub(super) struct LogFile {
    /// The event's `stream`.
    pub(super) stream: &'static str,
    /// Where it lies.
    pub(super) path: &'static str,
    /// Its number on the disk.
    pub(super) inode: u32,
    /// Who writes to it.
    pub(super) loggers: &'static [&'static str],
    /// How often its turn comes, compared with others.
    pub(super) turns: u8,
}

/// The six files of the application. Its own log is the busiest.
pub(super) const FILES: [LogFile; 6] = [
    LogFile {
        stream: "app",
        path: "/var/log/django/app.log",
        inode: 1_835_010,
        loggers: &[
            "apps.parcels.views",
            "apps.parcels.services.geometry",
            "apps.custom_auth.backends",
            "apps.onboarding.forms",
            "apps.tenant_manager.middleware",
            "apps.notification.tasks",
            "apps.manage_reports.exporters",
            "apps.integrations.clients.cadastre",
            "apps.dashboard.api",
            "apps.data_governance.rules",
            "apps.branded.themes",
            "apps.container.registry",
            "apps.harmonization.pipeline",
            "apps.logs.shipper",
            "apps.cron_tasks.nightly",
            "apps.common.cache",
            "config.settings",
            "celery.worker.strategy",
            "celery.app.trace",
            "gunicorn.error",
        ],
        turns: 4,
    },
    LogFile {
        stream: "django",
        path: "/var/log/django/django.log",
        inode: 1_835_017,
        loggers: &[
            "django.request",
            "django.db.backends",
            "django.server",
            "django.security.csrf",
            "django.template",
        ],
        turns: 3,
    },
    LogFile {
        stream: "server",
        path: "/var/log/django/server.log",
        inode: 1_835_024,
        loggers: &["werkzeug"],
        turns: 2,
    },
    LogFile {
        stream: "aws",
        path: "/var/log/django/aws.log",
        inode: 1_835_031,
        loggers: &[
            "botocore.endpoint",
            "botocore.hooks",
            "boto3.resources.action",
            "s3transfer.tasks",
        ],
        turns: 1,
    },
    LogFile {
        stream: "network",
        path: "/var/log/django/network.log",
        inode: 1_835_038,
        loggers: &["urllib3.connectionpool", "urllib3.util.retry"],
        turns: 1,
    },
    LogFile {
        stream: "system",
        path: "/var/log/django/system.log",
        inode: 1_835_045,
        loggers: &[
            "watchdog.observers.inotify_buffer",
            "PIL.PngImagePlugin",
            "nose.plugins.manager",
        ],
        turns: 1,
    },
];

/// Group and service of this application.
pub(super) const OWN: (&str, &str) = ("pt", "django");
/// Groups and services of others on the same machines.
pub(super) const OTHERS: [(&str, &str); 4] = [
    ("billing", "django"),
    ("ops", "nginx"),
    ("ops", "postgres"),
    ("web", "frontend"),
];

pub(super) const LEVELS: [&str; 10] = [
    "DEBUG", "INFO", "INFO", "INFO", "INFO", "INFO", "WARNING", "WARNING", "ERROR", "CRITICAL",
];
pub(super) const TENANTS: [&str; 3] = [
    "9b2f6c1e-58d4-4f0a-8f57-1d3a0c7e4b92",
    "04d7a3f8-6e21-4c95-b1aa-73e9f05c2d18",
    "f1c08e35-2a7b-49d6-95e3-6b84d20f7ac1",
];
pub(super) const VERBS: [&str; 7] = ["GET", "GET", "GET", "POST", "PUT", "PATCH", "DELETE"];
pub(super) const STATUSES: [u16; 13] = [
    200, 200, 200, 201, 204, 301, 304, 400, 401, 403, 404, 500, 502,
];
pub(super) const RESOURCES: [&str; 8] = [
    "parcels",
    "reports",
    "tenants",
    "users",
    "exports",
    "dashboard",
    "notifications",
    "geometry",
];
pub(super) const PEOPLE: [&str; 7] = [
    "anna.kowalska",
    "zażółć.gęślą",
    "jörg.müller",
    "王小明",
    "o'brien",
    "maria.silva",
    "test+1",
];
pub(super) const SUBJECTS: [&str; 5] = [
    "Działka zatwierdzona",
    "Report ready 🎉",
    "密码已更改",
    "Your \"trial\" ends <b>soon</b> &amp; more",
    "C:\\exports\\new",
];
pub(super) const MODULES: [&str; 7] = [
    "views",
    "serializers",
    "services",
    "models",
    "permissions",
    "managers",
    "tasks",
];
pub(super) const FUNCTIONS: [&str; 7] = [
    "dispatch",
    "get_queryset",
    "perform_create",
    "to_representation",
    "save",
    "handle_exception",
    "run",
];
pub(super) const STATEMENTS: [&str; 6] = [
    "response = self.get_response(request)",
    "return self.queryset.get(pk=pk)",
    r#"raise KeyError("tenant")"#,
    r#"data = json.loads(body)["geometry"]"#,
    "for parcel in parcels.iterator():",
    "\tyield from walk(node, depth + 1)",
];
pub(super) const EXCEPTIONS: [&str; 6] = [
    "KeyError",
    "ValueError",
    "django.db.utils.OperationalError",
    "apps.parcels.exceptions.GeometryError",
    "botocore.exceptions.ClientError",
    "TimeoutError",
];
pub(super) const COMPLAINTS: [&str; 4] = [
    "could not resolve",
    "server closed the connection unexpectedly near",
    "unexpected \"null\" in",
    "nie znaleziono działki",
];
