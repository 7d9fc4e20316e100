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

/// A guard, or what holds one, goes to another thread, though it is not owned.
///
/// ```compile_fail,E0277
/// fn send<T: Send>(_: T) {}
/// send(loxley::HashMap::<u8, u8>::new().guard());
/// ```
/// ```compile_fail,E0277
/// let set = loxley::HashSet::<u8>::new();
/// let view = set.pin();
/// std::thread::scope(|s| _ = s.spawn(move || view.len()));
/// ```
/// An owned one is exchanged for one that is not.
/// ```compile_fail,E0596
/// let map = loxley::HashMap::<u8, u8>::new();
/// let mut owned = map.pin_owned();
/// std::mem::swap(&mut *owned, &mut map.pin());
/// ```
/// ```compile_fail,E0507
/// let map = loxley::HashMap::<u8, u8>::new();
/// let guard = *map.owned_guard();
/// ```
mod a_guard_changes_threads {}

/// An owned view, or what is borrowed from a view, goes where the map must not be shared: the key is not `Send`,
///
/// ```compile_fail,E0277
/// fn send<T: Send>(_: T) {}
/// send(loxley::HashMap::<std::sync::MutexGuard<u8>, u8>::new().pin_owned());
/// ```
/// ```compile_fail,E0277
/// fn share<T: Sync>(_: T) {}
/// share(loxley::HashMap::<std::sync::MutexGuard<u8>, u8>::new().pin_owned());
/// ```
/// ```compile_fail,E0277
/// fn send<T: Send>(_: T) {}
/// send(loxley::HashSet::<std::sync::MutexGuard<u8>>::new().pin_owned());
/// ```
/// or not `Sync`,
/// ```compile_fail,E0277
/// fn send<T: Send>(_: T) {}
/// send(loxley::HashMap::<std::cell::Cell<u8>, u8>::new().pin_owned());
/// ```
/// or the value is not `Send`,
/// ```compile_fail,E0277
/// fn send<T: Send>(_: T) {}
/// send(loxley::HashMap::<u8, std::sync::MutexGuard<u8>>::new().pin_owned());
/// ```
/// or not `Sync`,
/// ```compile_fail,E0277
/// fn send<T: Send>(_: T) {}
/// send(loxley::HashMap::<u8, std::cell::Cell<u8>>::new().pin_owned());
/// ```
/// ```compile_fail,E0277
/// fn share<T: Sync>(_: T) {}
/// share(loxley::HashMap::<u8, std::cell::Cell<u8>>::new().pin());
/// ```
/// ```compile_fail,E0277
/// fn send<T: Send>(_: T) {}
/// let map: loxley::HashMap<u8, std::cell::Cell<u8>> = [(1, std::cell::Cell::new(1))].into();
/// send(map.pin_owned().iter());
/// ```
/// ```compile_fail,E0277
/// fn send<T: Send>(_: T) {}
/// let map: loxley::HashMap<u8, std::cell::Cell<u8>> = [(1, std::cell::Cell::new(1))].into();
/// send(map.pin_owned().hashed(0));
/// ```
/// or the hasher is not `Sync`.
/// ```compile_fail,E0277
/// fn send<T: Send>(_: T) {}
/// struct Hasher(std::cell::Cell<u8>);
/// send(loxley::HashMap::<u8, u8, Hasher>::with_hasher(Hasher(Default::default())).pin_owned());
/// ```
mod an_owned_view_shares_what_must_not_be {}

/// A reference outlives the owned guard, or view, that it was read under.
///
/// ```compile_fail,E0505
/// let map: loxley::HashMap<u8, String> = [(1, String::new())].into();
/// let guard = map.owned_guard();
/// let value = map.get(&1, &guard);
/// drop(guard);
/// println!("{value:?}");
/// ```
/// ```compile_fail,E0505
/// let map: loxley::HashMap<u8, String> = [(1, String::new())].into();
/// let view = map.pin_owned();
/// let value = view.get(&1);
/// std::thread::scope(|s| s.spawn(move || view.len()).join().unwrap());
/// println!("{value:?}");
/// ```
/// ```compile_fail,E0716
/// let map: loxley::HashMap<u8, String> = [(1, String::new())].into();
/// let entries = map.pin_owned().iter();
/// entries.count();
/// ```
mod a_reference_outlives_its_owned_guard {}
