from django.urls import path

from sessions import views

urlpatterns = [
    path("", views.session_list, name="list"),
    path("<uuid:session_id>/share/", views.share, name="share"),
]
