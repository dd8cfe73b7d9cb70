//! Describes what an operation takes and answers, read from its handler's types.

use axum::extract::{Request, State};
use http::{HeaderMap, StatusCode};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::envelope::{
    Confidential, Created, CreatedBare, Data, List, Pagination, PlainText, StaticFile, StaticJson,
};
use crate::event_stream::EventStream;
use crate::extract::{Caller, Id, Ids, Json, OptionalJson, Query};
use crate::{ApiError, App};

/// The schemas of all types that are named, by name.
pub(crate) struct Schemas {
    /// Schemas of bodies and queries: fields with a default may be absent.
    requests: SchemaGenerator,
    /// Schemas of answers: every field is present, `null` where there is nothing.
    answers: SchemaGenerator,
}

impl Schemas {
    /// Nothing named yet.
    pub(super) fn new() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        });
        Self {
            requests: settings.clone().for_deserialize().into_generator(),
            answers: settings.for_serialize().into_generator(),
        }
    }

    /// All that were named.
    pub(super) fn into_definitions(mut self) -> Map<String, Value> {
        let mut all = self.requests.take_definitions(true);
        all.extend(self.answers.take_definitions(true));
        all
    }

    fn request<T: JsonSchema>(&mut self) -> Value {
        self.requests.subschema_for::<T>().to_value()
    }

    /// The schema of an answer, as a reference where it is named.
    pub(super) fn answer<T: JsonSchema>(&mut self) -> Value {
        self.answers.subschema_for::<T>().to_value()
    }
}

/// Describes an operation in the words of OpenAPI.
#[derive(Default)]
pub(crate) struct Description {
    /// Parameter objects of the query.
    pub(super) query: Vec<Value>,
    /// The request body object.
    pub(crate) body: Option<Value>,
    /// The status of success.
    pub(super) status: u16,
    /// The `content` of the answer.
    pub(super) content: Value,
}

/// Something that a handler takes out of a request.
pub(crate) trait Input {
    /// Adds what it says; nothing where callers need not know of it.
    fn describe(_description: &mut Description, _schemas: &mut Schemas) {}
}

/// Something that a handler answers.
pub(crate) trait Output {
    /// Sets status and content.
    fn describe(description: &mut Description, schemas: &mut Schemas);
}

/// A handler whose types can be described.
pub(crate) trait Described<Arguments, Answer> {
    /// Reads its types.
    fn describe(schemas: &mut Schemas) -> Description;
}

macro_rules! described {
    ($($argument:ident)*) => {
        impl<Handler, Answering, Answer, $($argument,)*> Described<($($argument,)*), Answer> for Handler
        where
            Handler: Fn($($argument,)*) -> Answering,
            Answering: Future<Output = Answer>,
            Answer: Output,
            $($argument: Input,)*
        {
            fn describe(schemas: &mut Schemas) -> Description {
                let mut description = Description::default();
                $($argument::describe(&mut description, schemas);)*
                Answer::describe(&mut description, schemas);
                description
            }
        }
    };
}

described!();
described!(A);
described!(A B);
described!(A B C);
described!(A B C D);
described!(A B C D E);

impl Input for State<App> {}
impl Input for Caller {}
impl Input for HeaderMap {}
impl Input for Request {}
/// The names of a path's parameters are in the path.
impl<T> Input for Id<T> {}
impl<A, B> Input for Ids<A, B> {}

impl<T: JsonSchema> Input for Query<T> {
    fn describe(description: &mut Description, schemas: &mut Schemas) {
        let schema = T::json_schema(&mut schemas.requests).to_value();
        let required: Vec<&Value> = schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .collect();
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            let mut parameter = json!({ "name": name, "in": "query" });
            let mut field = field.clone();
            leave_null_out(&mut field);
            if let Some(about) = field
                .as_object_mut()
                .and_then(|one| one.remove("description"))
            {
                parameter["description"] = about;
            }
            parameter["required"] = required.iter().any(|known| *known == name).into();
            parameter["schema"] = field;
            description.query.push(parameter);
        }
    }
}

impl<T: JsonSchema> Input for Json<T> {
    fn describe(description: &mut Description, schemas: &mut Schemas) {
        let schema = schemas.request::<T>();
        description.body = Some(json!({ "required": true, "content": in_json(&schema) }));
    }
}

impl<T: JsonSchema> Input for OptionalJson<T> {
    fn describe(description: &mut Description, schemas: &mut Schemas) {
        let schema = schemas.request::<T>();
        description.body = Some(json!({ "required": false, "content": in_json(&schema) }));
    }
}

impl<T: Output> Output for Result<T, ApiError> {
    fn describe(description: &mut Description, schemas: &mut Schemas) {
        T::describe(description, schemas);
    }
}

impl<T: JsonSchema> Output for Data<T> {
    fn describe(description: &mut Description, schemas: &mut Schemas) {
        let data = schemas.answer::<T>();
        description.answer(StatusCode::OK, &in_data(&data));
    }
}

impl<T: JsonSchema> Output for Created<T> {
    fn describe(description: &mut Description, schemas: &mut Schemas) {
        let data = schemas.answer::<T>();
        description.answer(StatusCode::CREATED, &in_data(&data));
    }
}

impl<T: JsonSchema> Output for CreatedBare<T> {
    fn describe(description: &mut Description, schemas: &mut Schemas) {
        let schema = schemas.answer::<T>();
        description.answer(StatusCode::CREATED, &schema);
    }
}

impl<T: Output> Output for Confidential<T> {
    fn describe(description: &mut Description, schemas: &mut Schemas) {
        T::describe(description, schemas);
    }
}

impl<T: JsonSchema> Output for List<T> {
    fn describe(description: &mut Description, schemas: &mut Schemas) {
        let (items, pagination) = (schemas.answer::<T>(), schemas.answer::<Pagination>());
        let schema = json!({
            "type": "object",
            "required": ["data", "pagination"],
            "properties": { "data": { "type": "array", "items": items }, "pagination": pagination },
        });
        description.answer(StatusCode::OK, &schema);
    }
}

impl<T: JsonSchema> Output for axum::Json<T> {
    fn describe(description: &mut Description, schemas: &mut Schemas) {
        let schema = schemas.answer::<T>();
        description.answer(StatusCode::OK, &schema);
    }
}

impl Output for PlainText {
    fn describe(description: &mut Description, _: &mut Schemas) {
        description.status = StatusCode::OK.as_u16();
        description.content = json!({ "text/plain": { "schema": { "type": "string" } } });
    }
}

impl Output for &'static StaticFile {
    fn describe(description: &mut Description, _: &mut Schemas) {
        description.status = StatusCode::OK.as_u16();
        description.content = json!({ "*/*": { "schema": { "type": "string" } } });
    }
}

impl Output for StaticJson {
    fn describe(description: &mut Description, _: &mut Schemas) {
        description.answer(StatusCode::OK, &json!({ "type": "object" }));
    }
}

impl<E: JsonSchema> Output for EventStream<E> {
    fn describe(description: &mut Description, schemas: &mut Schemas) {
        let schema = event_schema(&schemas.answer::<E>());
        description.status = StatusCode::OK.as_u16();
        description.content = json!({ "text/event-stream": { "schema": schema } });
    }
}

/// One event, as OpenAPI's registry models it (<https://spec.openapis.org/registry/media-type/sse>): its data is a text, which is
/// JSON unless `data` says that it is a text. OpenAPI 3.1 has no `itemSchema`; its tools take `schema` for that of one event.
fn event_schema(data: &Value) -> Value {
    let text = match data["type"] == "string" {
        true => data.clone(),
        false => json!({
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": data,
        }),
    };
    json!({
        "type": "object",
        "description": "One event of the stream.",
        "required": ["data"],
        "properties": { "id": { "type": "string" }, "data": text },
    })
}

impl Description {
    fn answer(&mut self, status: StatusCode, schema: &Value) {
        self.status = status.as_u16();
        self.content = in_json(schema);
    }
}

fn in_json(schema: &Value) -> Value {
    json!({ "application/json": { "schema": schema } })
}

fn in_data(schema: &Value) -> Value {
    json!({ "type": "object", "required": ["data"], "properties": { "data": schema } })
}

/// A query holds a parameter or not: there is no `null` in it.
fn leave_null_out(schema: &mut Value) {
    let kinds = schema.get_mut("type").and_then(Value::as_array_mut);
    if let Some(kinds) = kinds {
        kinds.retain(|kind| kind != "null");
        if let [only] = kinds.as_slice() {
            schema["type"] = only.clone();
        }
    }
}
