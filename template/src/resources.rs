//! Turns each resource of a template into its part of the topology.

use std::collections::BTreeMap;

use serde_json::Value;

use super::applications::is_application;
use super::notes::Notes;
use super::properties::Properties;
use super::scope::Scope;
use super::stop::{Read, Stop};
use super::{AsynchronousRetries, FunctionDefinition, TemplateError, Topology, UnrunTaker};
use super::{conditions, globals, kinds, pending, settle, twins};
use super::{deliveries, events, functions, layers, mappings, schedules, streams};

/// What has been read of a template so far.
pub(super) struct Reader<'s> {
    pub(super) scope: &'s Scope,
    pub(super) topology: Topology,
    /// What `AWS::Lambda::EventInvokeConfig` says about functions, which may follow later.
    pub(super) invocations: Vec<(String, AsynchronousRetries)>,
    /// The folder from which each binary takes its name.
    pub(super) folders: BTreeMap<String, String>,
}

/// The topology of every resource whose condition holds.
pub(super) fn topology(scope: &Scope) -> Result<Topology, TemplateError> {
    let mut reader = Reader::of(scope);
    reader.resources()?;
    for (name, asynchronous) in reader.invocations {
        let named = reader.topology.functions.iter_mut().filter(|function| function.name == name);
        named.for_each(|function| function.asynchronous = asynchronous);
    }
    layers::mount(&mut reader.topology, scope.home.root());
    settle::settle(&mut reader.topology);
    pending::pending(&mut reader.topology);
    twins::refuse(&reader.topology)?;
    Ok(reader.topology)
}

impl<'s> Reader<'s> {
    pub(super) fn of(scope: &'s Scope) -> Self {
        let mut left_out = scope.lines.clone();
        left_out.extend(globals::unknown(scope));
        let topology = Topology { left_out, ..Topology::default() };
        Self { scope, topology, invocations: Vec::new(), folders: BTreeMap::new() }
    }

    /// Reads each resource of the template.
    pub(super) fn resources(&mut self) -> Result<(), TemplateError> {
        let resources = self.scope.section("Resources").and_then(Value::as_object);
        let resources = resources.ok_or_else(|| TemplateError::invalid("Resources", "is required"))?;
        resources.iter().try_for_each(|(logical_id, resource)| self.resource(logical_id, resource))
    }
}

impl Reader<'_> {
    fn resource(&mut self, id: &str, resource: &Value) -> Result<(), TemplateError> {
        if id.starts_with("Fn::ForEach") {
            self.topology
                .left_out
                .push(format!("{id}: a loop is not run here, so its resources are left out"));
            return Ok(());
        }
        let kind = resource.get("Type").and_then(Value::as_str);
        let kind = kind.ok_or_else(|| TemplateError::invalid(format!("{id}.Type"), "is required"))?;
        if kinds::is_without_effect(kind) || !self.is_there(id, resource)? {
            return Ok(());
        }
        self.run(kind, id, resource)
    }

    fn is_there(&mut self, id: &str, resource: &Value) -> Result<bool, TemplateError> {
        let Some(condition) = resource.get("Condition").and_then(Value::as_str) else { return Ok(true) };
        let holds = conditions::holds(self.scope, condition, id);
        Ok(self.part(holds)?.unwrap_or(false))
    }

    fn run(&mut self, kind: &str, id: &str, resource: &Value) -> Result<(), TemplateError> {
        let node = resource.get("Properties").unwrap_or(&Value::Null);
        match kind {
            "AWS::S3::Bucket" => {
                let bucket = self.read(id, node, |properties| streams::bucket(id, properties))?;
                self.topology.buckets.extend(bucket);
            }
            "AWS::Kinesis::Stream" => {
                let stream = self.read(id, node, |properties| streams::stream(id, properties))?;
                self.topology.streams.extend(stream);
            }
            "AWS::Serverless::LayerVersion" | "AWS::Lambda::LayerVersion" => {
                let layer = self.read(id, node, |properties| layers::layer(id, properties))?;
                self.topology.layers.extend(layer);
            }
            kind if is_application(kind) => self.application(id, node)?,
            "AWS::Serverless::Function" => self.serverless_function(id, resource, node)?,
            "AWS::Lambda::Function" => {
                let read = |properties: &Properties<'_>| functions::function(id, resource, properties);
                let function = self.read(id, node, read)?;
                self.add(function, resource);
            }
            "AWS::Lambda::EventSourceMapping" => {
                let mapping = self.read(id, node, |properties| mappings::of_its_own(id, properties))?;
                self.topology.mappings.extend(mapping);
            }
            "AWS::Lambda::EventInvokeConfig" => {
                let invocation = self.read(id, node, functions::invoke_config)?;
                self.invocations.extend(invocation);
            }
            "AWS::Scheduler::Schedule" => {
                let schedule = self.read(id, node, |properties| schedules::of_scheduler(id, properties))?;
                self.topology.schedules.extend(schedule);
            }
            "AWS::Events::Rule" => {
                let schedules = self.read(id, node, |properties| schedules::of_rule(id, properties))?;
                self.topology.schedules.extend(schedules.into_iter().flatten());
            }
            "AWS::KinesisFirehose::DeliveryStream" => {
                let delivery = self.read(id, node, |properties| deliveries::delivery(id, properties))?;
                self.topology.deliveries.extend(delivery);
            }
            _ => {
                self.read(id, node, |properties| not_run::<()>(kind, id, properties))?;
                return Ok(());
            }
        }
        self.unknown_attributes(id, resource);
        Ok(())
    }

    fn serverless_function(&mut self, id: &str, resource: &Value, own: &Value) -> Result<(), TemplateError> {
        let node = globals::over(self.scope, resource, own);
        let named = self.read(id, &node, |properties| {
            let function = functions::function(id, resource, properties);
            // They are read below, whether or not the function runs, since readers of a stream must be known.
            properties.without_effect(&["Events"]);
            function
        })?;
        let name = match &named {
            Some(function) => function.name.clone(),
            None => id.to_owned(),
        };
        events::of_function(self, id, &name, &node)?;
        self.add(named, resource);
        Ok(())
    }

    /// Adds a function, unless its binary is named after a folder whose name is also that of another
    /// function's folder.
    fn add(&mut self, function: Option<FunctionDefinition>, resource: &Value) {
        let Some(function) = function else { return };
        let names_binary = resource.pointer("/Metadata/BuildProperties/Binary").is_some();
        let other =
            self.folders.get(&function.binary).filter(|other| Some(*other) != function.code_uri.as_ref());
        if let (false, Some(other)) = (names_binary, other) {
            let line = format!(
                "{}: its binary has the same name as that of {other:?}; \
                 Metadata.BuildProperties.Binary can give another",
                function.logical_id
            );
            self.topology.left_out.push(line);
            return;
        }
        if let (false, Some(folder)) = (names_binary, &function.code_uri) {
            self.folders.insert(function.binary.clone(), folder.clone());
        }
        self.topology.functions.push(function);
    }

    /// Reads the properties of a resource; `None` if it is left out, which is then reported.
    pub(super) fn read<T>(
        &mut self,
        id: &str,
        node: &Value,
        read: impl FnOnce(&Properties<'_>) -> Read<T>,
    ) -> Result<Option<T>, TemplateError> {
        self.read_at(format!("{id}.Properties"), node, read)
    }

    /// Reads what is at this place of the template.
    pub(super) fn read_at<T>(
        &mut self,
        place: String,
        node: &Value,
        read: impl FnOnce(&Properties<'_>) -> Read<T>,
    ) -> Result<Option<T>, TemplateError> {
        let notes = Notes::default();
        let result = Properties::new(self.scope, &notes, node.clone(), place).and_then(|level| read(&level));
        // What is disabled takes no records in AWS either.
        if let (Some(stream), Err(Stop::LeftOut { place, reason })) = (notes.taken(), &result) {
            let reason = format!("{place}: {reason}");
            self.topology.unrun_takers.push(UnrunTaker { stream, reason });
        }
        let part = self.part(result)?;
        if part.is_some() {
            self.topology.left_out.extend(notes.lines(self.scope));
        }
        Ok(part)
    }

    fn part<T>(&mut self, result: Read<T>) -> Result<Option<T>, TemplateError> {
        match result {
            Ok(part) => Ok(Some(part)),
            Err(Stop::Malformed(error)) => Err(error),
            Err(Stop::Disabled) => Ok(None),
            Err(Stop::LeftOut { place, reason }) => {
                self.topology.left_out.push(format!("{place}: {reason}"));
                Ok(None)
            }
        }
    }

    fn unknown_attributes(&mut self, id: &str, resource: &Value) {
        let names = resource.as_object().into_iter().flatten().map(|(name, _)| name);
        let unknown = names.filter(|name| !kinds::ATTRIBUTES.contains(&name.as_str()));
        let lines = unknown.map(|name| format!("{id}.{name}: is not known here and has no effect"));
        self.topology.left_out.extend(lines);
    }
}

/// Handles a resource of a kind that is not run here, but that may take a stream.
fn not_run<T>(kind: &str, id: &str, properties: &Properties<'_>) -> Read<T> {
    let source = match kind {
        "AWS::Pipes::Pipe" => properties.value("Source"),
        _ => Ok(None),
    };
    if let Ok(Some(Value::String(arn))) = source
        && let Some((stream, _)) = super::names::stream_of(&arn)
    {
        properties.notes().take(stream);
    }
    Err(Stop::left_out(id, format!("a resource of type {kind} is not run here")))
}
