from django.urls import path

from transcription import views

urlpatterns = [
    path("upload/", views.upload, name="upload"),
    path("check/", views.check, name="check"),
]
