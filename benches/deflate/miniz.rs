//! miniz_oxide, by its streams.

use miniz_oxide::deflate::core::{CompressorOxide, create_comp_flags_from_zip_params};
use miniz_oxide::inflate::stream::InflateState;
use miniz_oxide::{DataFormat, MZFlush, StreamResult};

use crate::{Compress, Inflate};

/// Its compressor.
pub fn compress(level: i32, takes_over: bool) -> Compress {
    let flags = create_comp_flags_from_zip_params(level, -15, 0);
    let mut compressor = Box::new(CompressorOxide::new(flags));
    Box::new(move |message, output| {
        run(&message.0, output, |input, room| {
            miniz_oxide::deflate::stream::deflate(&mut compressor, input, room, MZFlush::Sync)
        });
        output.truncate(output.len() - 4);
        if !takes_over {
            compressor.reset();
        }
    })
}

/// Its inflater.
pub fn inflate(takes_over: bool) -> Inflate {
    let mut state = InflateState::new_boxed(DataFormat::Raw);
    Box::new(move |message, output| {
        run(message.flushed(), output, |input, room| {
            miniz_oxide::inflate::stream::inflate(&mut state, input, room, MZFlush::Sync)
        });
        if !takes_over {
            state.reset(DataFormat::Raw);
        }
    })
}

/// Gives all of the input; appends what comes out.
fn run(
    mut input: &[u8],
    output: &mut Vec<u8>,
    mut step: impl FnMut(&[u8], &mut [u8]) -> StreamResult,
) {
    let room = input.len() + 1024;
    loop {
        let start = output.len();
        output.resize(start + room, 0);
        let result = step(input, &mut output[start..]);
        output.truncate(start + result.bytes_written);
        input = &input[result.bytes_consumed..];
        if input.is_empty() && result.bytes_written < room {
            return;
        }
    }
}
