//! Programs that must be refused, each for a bug that some concurrent map has had. Only the documentation tests see this file.

/// A reference outlives the guard that it was read under.
///
/// ```compile_fail,E0505
/// let map: loxley::HashMap<u8, String> = [(1, String::new())].into();
/// let guard = map.guard();
/// let value = map.get(&1, &guard);
/// drop(guard);
/// println!("{value:?}");
/// ```
/// So do what was removed, replaced or inserted,
/// ```compile_fail,E0505
/// let map: loxley::HashMap<u8, String> = [(1, String::new())].into();
/// let guard = map.guard();
/// let value = map.remove(&1, &guard);
/// drop(guard);
/// println!("{value:?}");
/// ```
/// ```compile_fail,E0505
/// let map: loxley::HashMap<u8, String> = [(1, String::new())].into();
/// let guard = map.guard();
/// let value = map.insert(1, String::new(), &guard);
/// drop(guard);
/// println!("{value:?}");
/// ```
/// ```compile_fail,E0505
/// let map: loxley::HashMap<u8, String> = [(1, String::new())].into();
/// let guard = map.guard();
/// let value = map.get_or_insert_with(1, String::new, &guard);
/// drop(guard);
/// println!("{value:?}");
/// ```
/// ```compile_fail,E0505
/// let map: loxley::HashMap<u8, String> = [(1, String::new())].into();
/// let guard = map.guard();
/// let error = map.try_insert(1, String::new(), &guard);
/// drop(guard);
/// println!("{error:?}");
/// ```
/// an iterator, and what it yielded.
/// ```compile_fail,E0505
/// let map: loxley::HashMap<u8, String> = [(1, String::new())].into();
/// let guard = map.guard();
/// let mut iter = map.iter(&guard);
/// drop(guard);
/// iter.next();
/// ```
/// ```compile_fail,E0505
/// let map: loxley::HashMap<u8, String> = [(1, String::new())].into();
/// let view = map.pin();
/// let entry = view.iter().next();
/// drop(view);
/// println!("{entry:?}");
/// ```
mod a_reference_outlives_its_guard {}

/// A reference, a view or an iterator outlives the map.
///
/// ```compile_fail,E0505
/// let map: loxley::HashMap<u8, String> = [(1, String::new())].into();
/// let guard = map.guard();
/// let value = map.get(&1, &guard);
/// drop(map);
/// println!("{value:?}");
/// ```
/// ```compile_fail,E0505
/// let map: loxley::HashMap<u8, String> = [(1, String::new())].into();
/// let view = map.pin();
/// drop(map);
/// view.get(&1);
/// ```
/// ```compile_fail,E0505
/// let map: loxley::HashMap<u8, String> = [(1, String::new())].into();
/// let guard = map.guard();
/// let keys = map.keys(&guard);
/// drop(map);
/// keys.count();
/// ```
mod a_reference_outlives_its_map {}

/// A closure keeps the value that it is shown.
///
/// ```compile_fail,E0521
/// let map: loxley::HashMap<u8, String> = [(1, String::new())].into();
/// let mut kept = None;
/// map.pin().update(1, |value| {
///     kept = Some(value);
///     value.clone()
/// });
/// ```
/// ```compile_fail,E0521
/// let map: loxley::HashMap<u8, String> = [(1, String::new())].into();
/// let mut kept = None;
/// map.pin().retain(|_, value| {
///     kept = Some(value);
///     true
/// });
/// ```
mod a_closure_keeps_a_reference {}

/// Entries that borrow are written: the collector may drop them after what they borrow from is gone.
///
/// ```compile_fail,E0597
/// let map = loxley::HashMap::new();
/// {
///     let text = String::from("short-lived");
///     map.pin().insert(text.as_str(), ());
/// }
/// ```
/// ```compile_fail,E0597
/// let map = loxley::HashMap::new();
/// let text = String::from("short-lived");
/// map.pin().insert(1, text.as_str());
/// ```
mod a_dropped_entry_borrows {}

/// Entries that must stay on their thread are written: the collector may drop them on another.
///
/// ```compile_fail,E0277
/// loxley::HashMap::new().pin().insert(1, std::rc::Rc::new(()));
/// ```
/// ```compile_fail,E0277
/// loxley::HashMap::new().pin().insert(std::rc::Rc::new(()), 1);
/// ```
mod an_entry_is_dropped_on_another_thread {}

/// A guard, or what holds one, goes to another thread.
///
/// ```compile_fail,E0277
/// fn send<T: Send>(_: T) {}
/// send(loxley::HashMap::<u8, u8>::new().guard());
/// ```
/// ```compile_fail,E0277
/// fn share<T: Sync>(_: T) {}
/// share(loxley::HashMap::<u8, u8>::new().guard());
/// ```
/// ```compile_fail,E0277
/// fn share<T: Sync>(_: T) {}
/// share(loxley::HashMap::<u8, u8>::new().pin());
/// ```
/// ```compile_fail,E0277
/// fn send<T: Send>(_: T) {}
/// let map = loxley::HashMap::<u8, u8>::new();
/// send(map.iter(&map.guard()));
/// ```
mod a_guard_changes_threads {}
