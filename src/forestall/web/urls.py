"""The addresses of the workplace."""

from __future__ import annotations

from django.urls import include, path

from forestall.web import views
from forestall.web.api.urls import urlpatterns as api
from forestall.web.assessing.urls import urlpatterns as assessing
from forestall.web.explore import views as explore
from forestall.web.library.urls import urlpatterns as library
from forestall.web.people.urls import urlpatterns as people
from forestall.web.plans import urls_plan
from forestall.web.plans.urls_oversee import urlpatterns as oversee
from forestall.web.plans.urls_start import urlpatterns as start
from forestall.web.plans.urls_work import urlpatterns as work_on_plans
from forestall.web.retention.urls import urlpatterns as retention
from forestall.web.signals import profile_views as profiles
from forestall.web.signals import views as signals
from forestall.web.tasking import views as tasking
from forestall.web.work import views as work

urlpatterns = [
    *start,
    *work_on_plans,
    *oversee,
    path("", signals.home, name="home"),
    path("signals.csv", signals.signals_csv, name="signals-csv"),
    path("signals/<slug:signal_id>/", signals.signal, name="signal"),
    path("signals/<slug:signal_id>/series.csv", signals.series_csv, name="series-csv"),
    path("signals/<slug:signal_id>/profile/", profiles.profile, name="signal-profile"),
    path("signals/<slug:signal_id>/profile/<slug:name>.csv", profiles.profile_csv, name="signal-profile-csv"),
    path("profile.css", profiles.style, name="profile-style"),
    path("explore/", explore.explore, name="explore"),
    path("explore.csv", explore.explore_csv, name="explore-csv"),
    path("tasking/", tasking.tasking, name="tasking"),
    path("tasking/<slug:table>.csv", tasking.tasking_csv, name="tasking-csv"),
    path("recording-events/", signals.events, name="events"),
    path("recording-events.csv", signals.events_csv, name="events-csv"),
    path("map/<slug:level>.geojson", signals.area_layer, name="area-layer"),
    *people,
    path("notices/", work.notices, name="notices"),
    path("notices/read/", work.read, name="notices-read"),
    path("notices/<int:notice>/read/", work.read, name="notice-read"),
    *retention,
    *library,
    path("audit/", include("forestall.web.audit.urls")),
    *assessing,
    *urls_plan.urlpatterns,
    *api,
]

handler400, handler403 = views.bad_request, views.not_allowed
handler404, handler500 = views.not_found, views.broken
