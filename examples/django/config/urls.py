"""Every address of the application."""

from django.urls import path

from apps.branded import views as branded
from apps.common import views as common
from apps.container import views as container
from apps.cron_tasks import views as cron_tasks
from apps.custom_auth import views as custom_auth
from apps.dashboard import views as dashboard
from apps.data_governance import views as data_governance
from apps.harmonization import views as harmonization
from apps.integrations import views as integrations
from apps.manage_reports import views as manage_reports
from apps.notification import views as notification
from apps.onboarding import views as onboarding
from apps.parcels import views as parcels
from apps.tenant_manager import views as tenant_manager

urlpatterns = [
    path("health/", common.health),
    path("login/<str:name>/", custom_auth.login),
    path("welcome/<str:name>/", onboarding.welcome),
    path("tenants/<str:name>/", tenant_manager.tenant),
    path("parcels/", parcels.parcels),
    path("parcels/<int:number>/", parcels.parcel),
    path("parcels/<int:number>/label/", parcels.label),
    path("parcels/<int:number>/crush/", parcels.crush),
    path("parcels/<int:number>/notify/", notification.notify),
    path("parcels/<int:number>/code/", harmonization.code),
    path("containers/<int:number>/", container.scan),
    path("carriers/<str:name>/sync/", integrations.sync),
    path("carriers/<str:name>/status/", integrations.status),
    path("dashboard/", dashboard.dashboard),
    path("reports/<int:number>/", manage_reports.report),
    path("retention/", data_governance.retention),
    path("pages/<str:name>/", branded.page),
    path("nightly/", cron_tasks.nightly),
]
