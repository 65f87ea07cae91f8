from django.urls import path

from insights import views

urlpatterns = [path("<uuid:session_id>/", views.session_page, name="detail")]
