"""The whole platform in processes of its own, where a cookie says who asks: what two browsers speak through."""

import os
from functools import partial

from tests.capabilities.internet_hospital import clinic
from tests.served import called
from xinglin.app import opened
from xinglin.security.principal import SYSTEM
from xinglin.server.lifespan import Lifespan
from xinglin.server.log import configure
from xinglin.settings import read

PEOPLE = {"mei": clinic.MEI, "bo": clinic.BO, "doctor": clinic.DOCTOR, "other": clinic.OTHER, "system": SYSTEM}


def create_app() -> Lifespan:
    settings = read(os.environ)
    configure(settings)
    return Lifespan(partial(opened, settings, called(PEOPLE.get)))
