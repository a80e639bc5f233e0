"""What the authorization server adds to the site."""

from xinglin.server.oauth.authorize import Authorize
from xinglin.server.oauth.endpoints import Endpoints
from xinglin.server.oauth.service import Oauth
from xinglin.server.pages import Part


def part_of(oauth: Oauth) -> Part:
    """Put its endpoints and pages together."""
    authorize = Authorize(oauth)
    return Part(
        routes=tuple(Endpoints(oauth).routes()),
        pages={
            ("GET", "/oauth/authorize"): authorize.show,
            ("POST", "/oauth/decision"): authorize.decide,
            ("GET", "/oauth/launch"): authorize.launch,
            ("GET", "/oauth/apps"): authorize.apps,
        },
        templates="xinglin.server.oauth:templates",
    )
