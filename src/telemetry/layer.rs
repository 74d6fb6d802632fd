//! From `tracing`'s events and spans to lines.

use std::fmt;
use std::io::Write;
use std::time::SystemTime;

use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::{LookupSpan, Scope};

use super::line::{Fields, Format, Line};

/// Writes one line per event, with the fields of the spans it happened in.
#[derive(Debug)]
pub(super) struct Lines<W> {
    format: Format,
    writer: W,
}

impl<W> Lines<W> {
    pub(super) const fn new(format: Format, writer: W) -> Self {
        Self { format, writer }
    }
}

impl<S, W> Layer<S> for Lines<W>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'w> MakeWriter<'w> + 'static,
{
    fn on_new_span(&self, attrs: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        if let Some(span) = ctx.span(id) {
            let mut gathered = Gathered::default();
            attrs.record(&mut gathered);
            span.extensions_mut().replace(gathered);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        if let Some(span) = ctx.span(id)
            && let Some(gathered) = span.extensions_mut().get_mut::<Gathered>()
        {
            values.record(gathered);
        }
    }

    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        let mut fields = Fields::new();
        let spans = ctx.event_scope(event).into_iter();
        for span in spans.flat_map(Scope::from_root) {
            if let Some(gathered) = span.extensions().get::<Gathered>() {
                fields.extend(gathered.fields.iter().cloned());
            }
        }
        let mut own = Gathered::default();
        event.record(&mut own);
        fields.append(&mut own.fields);
        let metadata = event.metadata();
        let line = Line {
            time: SystemTime::now(),
            level: (*metadata.level()).into(),
            target: metadata.target(),
            message: own.message,
            fields,
        };
        let text = line.render(self.format);
        // Nobody is left to be told that the log cannot be written.
        drop(self.writer.make_writer().write_all(text.as_bytes()));
    }
}

/// What an event or a span carries.
#[derive(Debug, Default)]
struct Gathered {
    message: String,
    fields: Fields,
}

impl Gathered {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.fields.push((field.name(), value.into()));
    }
}

impl Visit for Gathered {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        if field.name() == "message" {
            self.message = text;
        } else {
            self.put(field, text);
        }
    }
}
