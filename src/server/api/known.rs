//! Which parameters an address takes: those that the `OpenAPI` document names. Another is refused
//! before anything runs, for whoever misspells a filter would take everything for what he looked for.

use std::collections::HashMap;

use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::{OpenApi, RefOr};

use crate::domain::{AppError, FieldError};

/// The names of the parameters in the query, by method, by route.
pub(crate) struct KnownParameters {
    routes: HashMap<String, Vec<(Method, Vec<String>)>>,
}

impl KnownParameters {
    /// What `document` names.
    pub(super) fn of(document: &OpenApi) -> Self {
        let paths = document.paths.paths.iter();
        let routes = paths.map(|(path, item)| {
            let methods = [
                (Method::GET, &item.get),
                (Method::HEAD, &item.get),
                (Method::POST, &item.post),
                (Method::PUT, &item.put),
                (Method::PATCH, &item.patch),
                (Method::DELETE, &item.delete),
            ];
            let named = methods
                .into_iter()
                .filter_map(|(method, operation)| Some((method, in_query(operation.as_ref()?))));
            (path.clone(), named.collect())
        });
        Self {
            routes: routes.collect(),
        }
    }

    /// Refuses parameters that the address of `request` does not take.
    pub(super) fn check(&self, request: &Request) -> Result<(), AppError> {
        // Almost no request has a query.
        let Some(query) = request.uri().query() else {
            return Ok(());
        };
        let route = request.extensions().get::<MatchedPath>();
        let Some(route) = route.map(MatchedPath::as_str).filter(|it| is_public(it)) else {
            return Ok(());
        };
        let methods = self.routes.get(route);
        // A method that is not known is refused as such.
        let known = methods.map(|all| all.iter().find(|(method, _)| method == request.method()));
        let known = match known {
            Some(None) => return Ok(()),
            Some(Some((_, names))) => &names[..],
            None => &[],
        };
        let mut unknown: Vec<FieldError> = Vec::new();
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
        for (name, _) in pairs {
            if !known.contains(&name) && unknown.iter().all(|other| other.field != name) {
                let message = match known {
                    [] => "is not known here; there are no parameters".to_owned(),
                    known => format!("is not known here; there are {}", known.join(", ")),
                };
                unknown.push(FieldError::new(name, message));
            }
        }
        if unknown.is_empty() {
            Ok(())
        } else {
            Err(AppError::invalid(unknown))
        }
    }
}

fn in_query(operation: &Operation) -> Vec<String> {
    let parameters = operation.parameters.iter().flatten();
    let named = parameters.filter_map(|it| match it {
        RefOr::T(Parameter {
            name,
            parameter_in: ParameterIn::Query,
            ..
        }) => Some(name.clone()),
        _ => None,
    });
    named.collect()
}

/// The page of the document has scripts of its own, with parameters of their own.
fn is_public(route: &str) -> bool {
    route.starts_with("/api/") && !route.starts_with("/api/docs")
}
