//! A name for content: FNV-1a of 128 bits. It tells content apart, it does not resist somebody
//! who looks for collisions: whoever may send events may send any.

const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

/// 32 hexadecimal digits that name `parts`; where one part ends makes a difference.
pub(super) fn digest(parts: &[&str]) -> String {
    let mut hash = OFFSET;
    let mut eat = |byte: u8| hash = (hash ^ u128::from(byte)).wrapping_mul(PRIME);
    for part in parts {
        part.bytes().for_each(&mut eat);
        // No UTF-8 text holds this byte.
        eat(0xff);
    }
    format!("{hash:032x}")
}
