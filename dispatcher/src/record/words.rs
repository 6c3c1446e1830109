//! Owns the words by which rider and crew know each other. Common, short, said aloud without confusion; picked from
//! entropy, so that nobody can foresee them.

use crate::clock::Entropy;

/// Plain Korean nouns of two to four syllables, none of them a name, a place or a threat.
pub(super) const WORDS: [&str; 80] = [
    "노을",
    "파도",
    "구름",
    "바람",
    "달빛",
    "햇살",
    "이슬",
    "무지개",
    "단풍",
    "눈꽃",
    "새벽",
    "호수",
    "들판",
    "언덕",
    "솔잎",
    "은행",
    "목련",
    "장미",
    "민들레",
    "해바라기",
    "토끼",
    "다람쥐",
    "참새",
    "제비",
    "나비",
    "거북",
    "고래",
    "사슴",
    "펭귄",
    "기린",
    "수박",
    "참외",
    "딸기",
    "포도",
    "자두",
    "복숭아",
    "감자",
    "옥수수",
    "호박",
    "당근",
    "연필",
    "공책",
    "지우개",
    "가위",
    "책상",
    "의자",
    "모자",
    "장갑",
    "우산",
    "양말",
    "피리",
    "장구",
    "바둑",
    "윷놀이",
    "연날리기",
    "그네",
    "썰매",
    "팽이",
    "기차",
    "자전거",
    "돛단배",
    "등대",
    "나침반",
    "망원경",
    "찻잔",
    "접시",
    "주전자",
    "숟가락",
    "수정과",
    "식혜",
    "인절미",
    "송편",
    "약과",
    "호떡",
    "만두",
    "김밥",
    "보리",
    "메밀",
    "향나무",
    "조약돌",
];

/// Two different words: the rider's and the crew's.
pub(super) fn pair(entropy: &dyn Entropy) -> (&'static str, &'static str) {
    let mut bytes = [0; 8];
    entropy.fill(&mut bytes);
    // 32 bits over 80 words: the bias is below one in ten million.
    let number = |b: &[u8]| b.iter().fold(0_usize, |n, byte| n << 8 | usize::from(*byte));
    let first = number(&bytes[..4]) % WORDS.len();
    let other = (first + 1 + number(&bytes[4..]) % (WORDS.len() - 1)) % WORDS.len();
    (WORDS[first], WORDS[other])
}
