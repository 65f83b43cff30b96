"""Addresses of work: mine, a task, a plan's tasks and people, the hub's queue."""

from django.urls import path

from forestall.web.plans import work_views

urlpatterns = [
    path("work/", work_views.my_work, name="my-work"),
    path("tasks/<slug:key>/", work_views.task, name="task"),
    path("plans/<slug:key>/tasks/", work_views.plan_tasks, name="plan-tasks"),
    path("plans/<slug:key>/people/", work_views.plan_people, name="plan-people"),
    path("help/", work_views.help_queue, name="help"),
]
