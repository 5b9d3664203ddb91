"""Who calls: each kind of caller, with what it shows for itself, and how it comes in again when that is used up."""

from totp import totp
from world import HANDED_OUT, PASSWORD, Refused, World, call, random_name


class Caller:
    """What every request shows; `renew` gets something new to show, where that can be used up."""

    def __init__(self, world):
        self.world = world
        self.headers = {}
        self.secret = None

    def renew(self):
        """Comes in again."""

    def enter(self, answer):
        """Takes the session that a sign-in has answered with."""
        if answer.status != 200 or "user" not in answer.json:
            raise Refused(f"signing in: {answer.status} {answer.json}")
        cookies = answer.headers.get_all("Set-Cookie")
        session = next(cookie for cookie in cookies if cookie.startswith("session="))
        self.headers = {"Cookie": session.split(";")[0], "X-CSRF-Token": answer.json["session"]["csrf_token"]}

    def code(self):
        """A code of the second factor, where the caller is about to enrol one."""
        return totp(self.secret) if self.secret else "000000"


class Nobody(Caller):
    """Shows nothing."""


class Operator(Caller):
    """Whoever runs the gateway."""

    def __init__(self, world):
        super().__init__(world)
        self.headers = {"Authorization": f"Bearer {world.operator_token}"}


class ScimToken(Caller):
    """An identity provider, who has no business at this API."""

    def __init__(self, world):
        super().__init__(world)
        self.headers = {"Authorization": f"Bearer {world.take('directories')['bearer']}"}


class ApiKey(Caller):
    """A program with every permission that there is for keys."""

    def __init__(self, world):
        super().__init__(world)
        document = call(world.address, "GET", "/api/v1/openapi.json").json
        body = document["components"]["schemas"]["NewApiKeyBody"]
        permissions = body["properties"]["permissions"]["items"]["enum"]
        made = world.post("/api-keys", {"name": random_name("key"), "permissions": permissions, "scope": "all"})
        self.headers = {"Authorization": f"Bearer {made['key']}"}


class Person(Caller):
    """Somebody with an account, who signs in with a password; every time as another person."""

    role = "user"

    def __init__(self, world, home=None):
        super().__init__(world)
        self._home = home or world
        self.renew()

    def renew(self):
        self.secret = None
        home = self._home
        person = home.person(temporary_password=HANDED_OUT, entity_id=home.north)
        made = home.post("/users", person | {"role": self.role})
        self.give_rights(home, made["id"])
        said = {"tenant": home.slug, "email": person["email"], "password": HANDED_OUT}
        first = call(home.address, "POST", "/api/v1/login", said)
        chosen = {"ticket": first.json["ticket"], "password": PASSWORD}
        self.enter(call(home.address, "POST", "/api/v1/login/change-password", chosen))

    def give_rights(self, home, user):
        """What makes them more than somebody."""


class Administrator(Person):
    """An administrator of the whole tenant."""

    role = "administrator"


class ScopedAdministrator(Person):
    """An administrator of the north."""

    def give_rights(self, home, user):
        scope = {"entities": [home.north]}
        home.put(f"/users/{user}/admin", {"administrator": True, "scope": scope})


class GuestAdministrator(Caller):
    """An administrator of the whole tenant whose home is another one."""

    def __init__(self, world):
        super().__init__(world)
        self.renew()

    def renew(self):
        home = self.world.neighbour
        person = home.employed()
        rights = {"user_id": person["id"], "home_tenant": home.slug, "role": "administrator"}
        self.world.post("/guests", rights)
        said = {"tenant": self.world.slug, "email": person["email"], "password": PASSWORD}
        self.enter(call(home.address, "POST", "/api/v1/login", said))


class Stranger(Administrator):
    """An administrator of another tenant."""

    def __init__(self, world):
        super().__init__(world, World(world.address, world.operator_token, world.outbox, random_name("other")))


CALLERS = {
    "nobody": Nobody,
    "user": Person,
    "scoped administrator": ScopedAdministrator,
    "administrator": Administrator,
    "guest administrator": GuestAdministrator,
    "API key": ApiKey,
    "SCIM token": ScimToken,
    "operator": Operator,
    "administrator of another tenant": Stranger,
}
