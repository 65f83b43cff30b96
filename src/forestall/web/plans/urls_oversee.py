"""Addresses of overseeing: portfolio, coverage, quality, what is published, paper and data, one's own record."""

from django.urls import path

from forestall.web.plans import oversight_views as views

urlpatterns = [
    path("portfolio/", views.see_portfolio, name="portfolio"),
    path("portfolio.csv", views.portfolio_csv, name="portfolio-csv"),
    path("portfolio/coverage/", views.coverage, name="coverage"),
    path("portfolio/coverage.csv", views.coverage_csv, name="coverage-csv"),
    path("published/", views.published, name="published"),
    path("published/<slug:key>/", views.published_plan, name="published-plan"),
    path("my-record/", views.own_record, name="my-portfolio"),
    path("my-record.csv", views.own_record_csv, name="my-portfolio-csv"),
    path("plans/<slug:key>/quality/", views.plan_quality, name="plan-quality"),
    path("plans/<slug:key>/publish/", views.publish, name="plan-publish"),
    path("plans/<slug:key>/briefing.pdf", views.plan_briefing, name="plan-briefing"),
    path("plans/<slug:key>/award.pdf", views.plan_award, name="plan-award"),
    path("plans/<slug:key>/plan.json", views.plan_json, name="plan-json"),
]
