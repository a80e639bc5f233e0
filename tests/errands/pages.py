"""Pages of errands."""

from xinglin.store.door import UnitOfWork
from xinglin.web.view import Form, View


async def show(work: UnitOfWork, form: Form) -> View:
    """List the errands that one may see."""
    page = await work.fhir.find("Task", _count="20")
    return View("errands/list.html", {"tasks": [row.id for row in page.matches]})
