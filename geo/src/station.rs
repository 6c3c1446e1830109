//! Owns a table of Seoul's main subway stations: names and where. Station names are how people here say where they are, so
//! a map file that brings none still gets these. Knows no lines and no timetables.
//!
//! Source: the coordinate column of Seoul's open station data, rounded to 10⁻⁴ degree (about 10 m).

use crate::position::{Bounds, Position};
use crate::road::data::{Label, LabelKind};

/// A subway station.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Station {
    /// Korean, with the word for station.
    pub name: &'static str,
    /// English, as on the signs.
    pub name_en: &'static str,
    /// Degrees.
    pub lat: f64,
    /// Degrees.
    pub lon: f64,
}

const fn s(name: &'static str, name_en: &'static str, lat: f64, lon: f64) -> Station {
    Station { name, name_en, lat, lon }
}

/// The main stations, busiest first, with at least one in each district.
pub const STATIONS: [Station; 72] = [
    s("서울역", "Seoul Station", 37.5579, 126.9695),
    s("잠실역", "Jamsil", 37.5127, 127.0951),
    s("홍대입구역", "Hongik Univ.", 37.5569, 126.9237),
    s("고속터미널역", "Express Bus Terminal", 37.5056, 127.0071),
    s("종로5가역", "Jongno 5-ga", 37.5711, 127.0004),
    s("종로3가역", "Jongno 3-ga", 37.5704, 126.9908),
    s("강남역", "Gangnam", 37.4986, 127.0281),
    s("사당역", "Sadang", 37.4808, 126.9817),
    s("선릉역", "Seolleung", 37.5064, 127.0539),
    s("을지로3가역", "Euljiro 3-ga", 37.5662, 126.9902),
    s("성수역", "Seongsu", 37.5447, 127.0570),
    s("신림역", "Sillim", 37.4841, 126.9287),
    s("여의도역", "Yeouido", 37.5239, 126.9278),
    s("가산디지털단지역", "Gasan Digital Complex", 37.4807, 126.8830),
    s("건대입구역", "Konkuk Univ.", 37.5408, 127.0691),
    s("구로디지털단지역", "Guro Digital Complex", 37.4853, 126.9012),
    s("신도림역", "Sindorim", 37.5087, 126.8911),
    s("을지로입구역", "Euljiro 1-ga", 37.5661, 126.9820),
    s("삼성역", "Samseong", 37.5092, 127.0579),
    s("시청역", "City Hall", 37.5666, 126.9782),
    s("합정역", "Hapjeong", 37.5501, 126.9146),
    s("역삼역", "Yeoksam", 37.4998, 127.0366),
    s("서울대입구역", "Seoul Nat’l Univ.", 37.4811, 126.9534),
    s("교대역", "Seoul Nat’l Univ. of Education", 37.4949, 127.0173),
    s("노원역", "Nowon", 37.6561, 127.0635),
    s("청량리역", "Cheongnyangni", 37.5801, 127.0477),
    s("신촌역", "Sinchon", 37.5547, 126.9376),
    s("명동역", "Myeong-dong", 37.5609, 126.9857),
    s("천호역", "Cheonho", 37.5385, 127.1251),
    s("공덕역", "Gongdeok", 37.5445, 126.9512),
    s("동대문역사문화공원역", "Dongdaemun History & Culture Park", 37.5680, 127.0106),
    s("당산역", "Dangsan", 37.5347, 126.9024),
    s("혜화역", "Hyehwa", 37.5834, 127.0013),
    s("왕십리역", "Wangsimni", 37.5599, 127.0362),
    s("양재역", "Yangjae", 37.4676, 127.0232),
    s("연신내역", "Yeonsinnae", 37.6246, 126.9159),
    s("수서역", "Suseo", 37.4881, 127.1007),
    s("수유역", "Suyu", 37.6375, 127.0250),
    s("광화문역", "Gwanghwamun", 37.5716, 126.9772),
    s("대림역", "Daerim", 37.5052, 126.8889),
    s("동대문역", "Dongdaemun", 37.5718, 127.0113),
    s("충무로역", "Chungmuro", 37.5616, 126.9956),
    s("압구정역", "Apgujeong", 37.5264, 127.0284),
    s("디지털미디어시티역", "Digital Media City", 37.5770, 126.9016),
    s("김포공항역", "Gimpo Int’l Airport", 37.5614, 126.8026),
    s("안국역", "Anguk", 37.5766, 126.9852),
    s("창동역", "Chang-dong", 37.6533, 127.0477),
    s("성신여대입구역", "Sungshin Women’s Univ.", 37.5931, 127.0168),
    s("화곡역", "Hwagok", 37.5411, 126.8408),
    s("영등포구청역", "Yeongdeungpo-gu Office", 37.5255, 126.8958),
    s("까치산역", "Kkachisan", 37.5324, 126.8463),
    s("군자역", "Gunja", 37.5567, 127.0805),
    s("강변역", "Gangbyeon", 37.5354, 127.0946),
    s("신사역", "Sinsa", 37.5169, 127.0198),
    s("미아사거리역", "Miasageori", 37.6134, 127.0304),
    s("강남구청역", "Gangnam-gu Office", 37.5182, 127.0471),
    s("신용산역", "Sinyongsan", 37.5292, 126.9684),
    s("종합운동장역", "Sports Complex", 37.5111, 127.0743),
    s("구파발역", "Gupabal", 37.6382, 126.9185),
    s("길음역", "Gireum", 37.6032, 127.0248),
    s("불광역", "Bulgwang", 37.6117, 126.9315),
    s("오목교역", "Omokgyo", 37.5247, 126.8738),
    s("문정역", "Munjeong", 37.4878, 127.1213),
    s("상봉역", "Sangbong", 37.5961, 127.0844),
    s("홍제역", "Hongje", 37.5887, 126.9438),
    s("강동역", "Gangdong", 37.5358, 127.1341),
    s("도봉산역", "Dobongsan", 37.6889, 127.0467),
    s("석계역", "Seokgye", 37.6153, 127.0669),
    s("온수역", "Onsu", 37.4923, 126.8233),
    s("삼각지역", "Samgakji", 37.5346, 126.9730),
    s("마곡역", "Magok", 37.5602, 126.8255),
    s("사가정역", "Sagajeong", 37.5808, 127.0887),
];

impl Station {
    /// Where it is.
    pub fn position(&self) -> Position {
        Position::new(self.lat, self.lon).expect("the table holds valid degrees")
    }

    /// As a label on a map.
    pub fn label(&self) -> Label {
        Label {
            kind: LabelKind::Station,
            name: self.name.to_owned(),
            name_en: self.name_en.to_owned(),
            at: self.position(),
        }
    }
}

/// Labels of the stations inside `bounds`.
pub fn labels_within(bounds: &Bounds) -> Vec<Label> {
    STATIONS.iter().filter(|s| bounds.contains(s.position())).map(Station::label).collect()
}
