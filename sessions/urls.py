from django.urls import path

from sessions.views import guides, listing, preparing, privacy, sharing

urlpatterns = [
    path("", listing.session_list, name="list"),
    path("new/", preparing.create, name="new"),
    path("resume/", preparing.resume, name="resume"),
    path("<uuid:session_id>/edit/", preparing.edit, name="edit"),
    path("<uuid:session_id>/delete/", preparing.delete, name="delete"),
    path("<uuid:session_id>/share/", sharing.share, name="share"),
]

guide_pages = [
    path("", guides.guide_list, name="list"),
    path("new/", guides.new, name="new"),
    path("import/", guides.take_in, name="import"),
    path("<uuid:guide_id>/", guides.guide_page, name="edit"),
    path("<uuid:guide_id>/copy/", guides.copy, name="copy"),
    path("<uuid:guide_id>/delete/", guides.delete, name="delete"),
    *[
        path(f"<uuid:guide_id>/guide.{kind}", guides.export, {"kind": kind}, name=f"export_{kind}")
        for kind in guides.KINDS
    ],
]

privacy_pages = [
    path("", privacy.home, name="home"),
    path("<slug:organization>/", privacy.overview, name="overview"),
    path("<slug:organization>/requests/", privacy.request_list, name="requests"),
    path("<slug:organization>/requests/<uuid:request_id>/", privacy.answer, name="answer"),
    path("<slug:organization>/candidates/", privacy.candidate_search, name="candidates"),
    path("<slug:organization>/candidates/chosen/", privacy.chosen, name="chosen"),
    path("<slug:organization>/candidates/erase/", privacy.erase, name="erase"),
    path("<slug:organization>/notices/", privacy.notice_list, name="notices"),
    path("<slug:organization>/notices/new/", privacy.notice_editor, name="notice"),
    path("<slug:organization>/notices/<uuid:notice_id>/", privacy.notice_retire, name="retire"),
    path("<slug:organization>/receipts/", privacy.receipt_list, name="receipts"),
    path("<slug:organization>/receipts/<uuid:erasure_id>/", privacy.receipt, name="receipt"),
]
