//! Owns a table of Seoul's main subway stations: names and where. Station names are how people here say where they are, so
//! a map file that brings none still gets these. Knows no lines and no timetables.
//!
//! Source: the station master of the metropolitan area in Seoul's open data, which measures each line's platforms: the middle of
//! a station's lines, rounded to 10⁻⁴ degree (about 10 m); of Sinchon line 2 alone, since the railway's station of that name
//! lies half a kilometre off. Seoul's list of stations with their ridership has coordinates too, but hundreds of metres to
//! kilometres off; they are not used.

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
    s("서울역", "Seoul Station", 37.5551, 126.9717),
    s("잠실역", "Jamsil", 37.5140, 127.1022),
    s("홍대입구역", "Hongik Univ.", 37.5573, 126.9258),
    s("고속터미널역", "Express Bus Terminal", 37.5048, 127.0048),
    s("종로5가역", "Jongno 5-ga", 37.5709, 127.0018),
    s("종로3가역", "Jongno 3-ga", 37.5716, 126.9915),
    s("강남역", "Gangnam", 37.4973, 127.0280),
    s("사당역", "Sadang", 37.4766, 126.9816),
    s("선릉역", "Seolleung", 37.5045, 127.0487),
    s("을지로3가역", "Euljiro 3-ga", 37.5664, 126.9920),
    s("성수역", "Seongsu", 37.5446, 127.0560),
    s("신림역", "Sillim", 37.4844, 126.9297),
    s("여의도역", "Yeouido", 37.5218, 126.9242),
    s("가산디지털단지역", "Gasan Digital Complex", 37.4810, 126.8826),
    s("건대입구역", "Konkuk Univ.", 37.5406, 127.0701),
    s("구로디지털단지역", "Guro Digital Complex", 37.4853, 126.9014),
    s("신도림역", "Sindorim", 37.5088, 126.8912),
    s("을지로입구역", "Euljiro 1-ga", 37.5660, 126.9826),
    s("삼성역", "Samseong", 37.5089, 127.0632),
    s("시청역", "City Hall", 37.5647, 126.9767),
    s("합정역", "Hapjeong", 37.5494, 126.9136),
    s("역삼역", "Yeoksam", 37.5006, 127.0365),
    s("서울대입구역", "Seoul Nat’l Univ.", 37.4812, 126.9527),
    s("교대역", "Seoul Nat’l Univ. of Education", 37.4935, 127.0142),
    s("노원역", "Nowon", 37.6554, 127.0617),
    s("청량리역", "Cheongnyangni", 37.5803, 127.0466),
    s("신촌역", "Sinchon", 37.5551, 126.9369),
    s("명동역", "Myeong-dong", 37.5610, 126.9863),
    s("천호역", "Cheonho", 37.5384, 127.1233),
    s("공덕역", "Gongdeok", 37.5431, 126.9519),
    s("동대문역사문화공원역", "Dongdaemun History & Culture Park", 37.5651, 127.0076),
    s("당산역", "Dangsan", 37.5342, 126.9026),
    s("혜화역", "Hyehwa", 37.5823, 127.0018),
    s("왕십리역", "Wangsimni", 37.5616, 127.0375),
    s("양재역", "Yangjae", 37.4841, 127.0344),
    s("연신내역", "Yeonsinnae", 37.6189, 126.9210),
    s("수서역", "Suseo", 37.4871, 127.1017),
    s("수유역", "Suyu", 37.6381, 127.0257),
    s("광화문역", "Gwanghwamun", 37.5715, 126.9772),
    s("대림역", "Daerim", 37.4931, 126.8959),
    s("동대문역", "Dongdaemun", 37.5714, 127.0099),
    s("충무로역", "Chungmuro", 37.5613, 126.9942),
    s("압구정역", "Apgujeong", 37.5271, 127.0285),
    s("디지털미디어시티역", "Digital Media City", 37.5770, 126.9002),
    s("김포공항역", "Gimpo Int’l Airport", 37.5620, 126.8023),
    s("안국역", "Anguk", 37.5765, 126.9854),
    s("창동역", "Chang-dong", 37.6531, 127.0476),
    s("성신여대입구역", "Sungshin Women’s Univ.", 37.5926, 127.0165),
    s("화곡역", "Hwagok", 37.5415, 126.8405),
    s("영등포구청역", "Yeongdeungpo-gu Office", 37.5250, 126.8959),
    s("까치산역", "Kkachisan", 37.5318, 126.8467),
    s("군자역", "Gunja", 37.5570, 127.0795),
    s("강변역", "Gangbyeon", 37.5351, 127.0947),
    s("신사역", "Sinsa", 37.5163, 127.0201),
    s("미아사거리역", "Miasageori", 37.6133, 127.0301),
    s("강남구청역", "Gangnam-gu Office", 37.5173, 127.0412),
    s("신용산역", "Sinyongsan", 37.5292, 126.9679),
    s("종합운동장역", "Sports Complex", 37.5111, 127.0745),
    s("구파발역", "Gupabal", 37.6368, 126.9188),
    s("길음역", "Gireum", 37.6034, 127.0251),
    s("불광역", "Bulgwang", 37.6106, 126.9297),
    s("오목교역", "Omokgyo", 37.5245, 126.8752),
    s("문정역", "Munjeong", 37.4859, 127.1225),
    s("상봉역", "Sangbong", 37.5961, 127.0854),
    s("홍제역", "Hongje", 37.5891, 126.9437),
    s("강동역", "Gangdong", 37.5358, 127.1325),
    s("도봉산역", "Dobongsan", 37.6894, 127.0463),
    s("석계역", "Seokgye", 37.6147, 127.0658),
    s("온수역", "Onsu", 37.4923, 126.8236),
    s("삼각지역", "Samgakji", 37.5348, 126.9732),
    s("마곡역", "Magok", 37.5602, 126.8254),
    s("사가정역", "Sagajeong", 37.5809, 127.0885),
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

#[cfg(test)]
#[path = "station_tests.rs"]
mod tests;
