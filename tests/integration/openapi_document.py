"""The OpenAPI document as the tests use it: which operation a request is for, and whether it says what was answered."""

import re

import jsonschema

# What HTTP refuses before it is known what is asked: the document says so once, as the default response.
REFUSED_BY_HTTP = {"408", "414", "417", "431", "501"}
# Those that tell programs something; the document names them with every response that may have them.
TOLD = re.compile(r"genledger-.*|retry-after|idempotency-replayed|www-authenticate", re.IGNORECASE)


class Document:
    def __init__(self, document):
        self.all = document

    def validator(self, schema):
        """Of a schema of the document, which may refer to others of it."""
        return jsonschema.Draft202012Validator({**schema, "components": self.all["components"]},
                                               format_checker=jsonschema.FormatChecker())

    def operation(self, method, path):
        """The path template and the operation that a request is for; one with a verb comes before one without. None:
        there is none."""
        found = [(template, item) for template, item in self.all["paths"].items()
                 if re.fullmatch(re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(template)), path.split("?")[0])
                 and method.lower() in item]
        if not found:
            return None
        template, item = max(found, key=lambda entry: entry[0].count(":"))
        return template, item[method.lower()]

    def check_answer(self, case, method, path, answer):
        """Fails the case if the document does not say that this may be answered: status, headers and form."""
        found = self.operation(method, path)
        if found is None:
            return
        asked, responses = f"{method} {path} -> {answer.status}", found[1]["responses"]
        response = responses.get(str(answer.status))
        if response is None:
            case.assertIn(str(answer.status), REFUSED_BY_HTTP, f"{asked} is not in the document")
            response = responses["default"]
        said = {name.lower() for name in response.get("headers", {})}
        for name in answer.headers:
            if TOLD.fullmatch(name):
                case.assertIn(name.lower(), said, f"{asked}: its headers in the document")
        media_type = answer.headers["Content-Type"].split(";")[0]
        case.assertIn(media_type, response["content"], asked)
        if media_type == "application/json":
            self.validator(response["content"][media_type]["schema"]).validate(answer.json)
