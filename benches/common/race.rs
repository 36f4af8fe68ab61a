//! Timing of contestants beside each other.

use std::time::Duration;

/// What is timed: `pass` does `operations` of them.
pub struct Contestant {
    name: &'static str,
    operations: usize,
    pass: Box<dyn FnMut()>,
}

impl Contestant {
    /// A contestant.
    pub fn new(name: &'static str, operations: usize, pass: impl FnMut() + 'static) -> Self {
        Self { name, operations, pass: Box::new(pass) }
    }

    /// Name in tables.
    pub fn name(&self) -> &str {
        self.name
    }

    /// Seconds of the processor's for `passes` passes.
    fn time(&mut self, passes: u32) -> f64 {
        let start = processor_time();
        for _ in 0..passes {
            (self.pass)();
        }
        processor_time() - start
    }

    /// How many passes take about as long as a slice. Warms up on the way.
    fn passes_per_slice(&mut self, slice: Duration) -> u32 {
        let slice = slice.as_secs_f64();
        let mut passes = 1;
        loop {
            let elapsed = self.time(passes);
            if elapsed >= slice / 2.0 {
                return ((f64::from(passes) * slice / elapsed) as u32).max(1);
            }
            passes *= 2;
        }
    }
}

/// Seconds that this thread had a processor: other processes do not count, but
/// what they leave of the caches does.
fn processor_time() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: it writes the struct, and nothing else.
    let status = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(status, 0);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// How long a race is: `rounds` rounds of `slices` slices for each contestant.
#[derive(Clone, Copy)]
pub struct Length {
    /// Rounds.
    pub rounds: usize,
    /// Slices of a round; the fastest one counts.
    pub slices: usize,
    /// Time of a slice.
    pub slice: Duration,
}

/// Nanoseconds per operation of one contestant.
pub struct Figure {
    /// The contestant.
    pub name: &'static str,
    /// Of the best round.
    pub min: f64,
    /// Of the median round.
    pub median: f64,
}

/// Times the contestants.
///
/// They take turns within each round, so that noise from outside meets all of
/// them. A round's figure is that of its fastest slice, which is one that
/// nobody interrupted.
pub fn race(mut contestants: Vec<Contestant>, length: Length) -> Vec<Figure> {
    let passes: Vec<u32> =
        contestants.iter_mut().map(|c| c.passes_per_slice(length.slice)).collect();
    let mut rounds = vec![Vec::with_capacity(length.rounds); contestants.len()];
    for _ in 0..length.rounds {
        for ((contestant, &passes), figures) in contestants.iter_mut().zip(&passes).zip(&mut rounds)
        {
            let fastest =
                (0..length.slices).map(|_| contestant.time(passes)).fold(f64::INFINITY, f64::min);
            figures.push(fastest * 1e9 / f64::from(passes) / contestant.operations as f64);
        }
    }
    contestants
        .iter()
        .zip(rounds)
        .map(|(contestant, mut figures)| {
            figures.sort_by(f64::total_cmp);
            Figure { name: contestant.name, min: figures[0], median: figures[figures.len() / 2] }
        })
        .collect()
}
