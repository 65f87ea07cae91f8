from django.urls import path

from insights import views

urlpatterns = [
    path("<uuid:session_id>/", views.session_page, name="detail"),
    path("<uuid:session_id>/review/", views.review_page, name="review"),
    path("<uuid:session_id>/export/", views.export, name="export"),
]

privacy_pages = [
    path("<slug:organization>/candidates/export/", views.export_subject, name="export"),
]
