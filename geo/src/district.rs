//! Owns the table of Seoul's 25 districts (gu): names, code, a point well inside each. Knows no borders.
//!
//! Source: the national boundary data of 2023-09, a point inside each polygon, rounded to 10⁻⁴ degree.

use crate::position::{Bounds, Position};
use crate::road::data::{Label, LabelKind};

/// A district of Seoul.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct District {
    /// Administrative code, five digits.
    pub code: &'static str,
    /// Korean.
    pub name: &'static str,
    /// English.
    pub name_en: &'static str,
    /// Degrees.
    pub lat: f64,
    /// Degrees.
    pub lon: f64,
}

const fn d(code: &'static str, name: &'static str, name_en: &'static str, lat: f64, lon: f64) -> District {
    District { code, name, name_en, lat, lon }
}

/// All 25, by code.
pub const DISTRICTS: [District; 25] = [
    d("11110", "종로구", "Jongno-gu", 37.5990, 126.9667),
    d("11140", "중구", "Jung-gu", 37.5584, 126.9924),
    d("11170", "용산구", "Yongsan-gu", 37.5304, 126.9805),
    d("11200", "성동구", "Seongdong-gu", 37.5505, 127.0413),
    d("11215", "광진구", "Gwangjin-gu", 37.5487, 127.0896),
    d("11230", "동대문구", "Dongdaemun-gu", 37.5838, 127.0519),
    d("11260", "중랑구", "Jungnang-gu", 37.5954, 127.0931),
    d("11290", "성북구", "Seongbuk-gu", 37.6061, 127.0265),
    d("11305", "강북구", "Gangbuk-gu", 37.6473, 127.0045),
    d("11320", "도봉구", "Dobong-gu", 37.6649, 127.0331),
    d("11350", "노원구", "Nowon-gu", 37.6573, 127.0725),
    d("11380", "은평구", "Eunpyeong-gu", 37.6172, 126.9265),
    d("11410", "서대문구", "Seodaemun-gu", 37.5820, 126.9328),
    d("11440", "마포구", "Mapo-gu", 37.5610, 126.8990),
    d("11470", "양천구", "Yangcheon-gu", 37.5269, 126.8621),
    d("11500", "강서구", "Gangseo-gu", 37.5653, 126.8194),
    d("11530", "구로구", "Guro-gu", 37.4958, 126.8538),
    d("11545", "금천구", "Geumcheon-gu", 37.4605, 126.9007),
    d("11560", "영등포구", "Yeongdeungpo-gu", 37.5228, 126.9145),
    d("11590", "동작구", "Dongjak-gu", 37.4966, 126.9485),
    d("11620", "관악구", "Gwanak-gu", 37.4647, 126.9506),
    d("11650", "서초구", "Seocho-gu", 37.4764, 127.0142),
    d("11680", "강남구", "Gangnam-gu", 37.4947, 127.0642),
    d("11710", "송파구", "Songpa-gu", 37.5051, 127.1057),
    d("11740", "강동구", "Gangdong-gu", 37.5487, 127.1472),
];

impl District {
    /// A point well inside.
    pub fn position(&self) -> Position {
        Position::new(self.lat, self.lon).expect("the table holds valid degrees")
    }

    /// As a label on a map.
    pub fn label(&self) -> Label {
        Label {
            kind: LabelKind::District,
            name: self.name.to_owned(),
            name_en: self.name_en.to_owned(),
            at: self.position(),
        }
    }
}

/// Labels of the districts whose point lies inside `bounds`.
pub fn labels_within(bounds: &Bounds) -> Vec<Label> {
    DISTRICTS.iter().filter(|d| bounds.contains(d.position())).map(District::label).collect()
}
